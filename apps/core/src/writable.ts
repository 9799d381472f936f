/** Objects of the hot path are built field by field: a spread with fields after it costs a hundred times as much. */
export type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
