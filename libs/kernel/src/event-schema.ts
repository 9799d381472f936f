import { DomainError } from './domain-error.js';

/**
 * The shape of an event's data, declared once. From it come the TypeScript type, the canonical bytes (RFC 8785: keys in
 * UTF-16 order, safe integers, no lone surrogates) and the check of what is written. Stored for ever: a change of a
 * shape is a new version with an upcaster.
 */
export interface Shape<T> {
  readonly kind: string;
  /** Returns the value with its keys in canonical order, or throws where it is not of this shape. */
  canonical(value: T, path: string): unknown;
  /** Canonical JSON of the value, written at once: three times as fast. Throws where `canonical` does, which then says where. */
  json(value: T): string;
  readonly optional?: true;
}
export type ValueOf<S> = S extends Shape<infer T> ? T : never;

const refuse = (path: string, rule: string): never => {
  throw new DomainError('EVENT_SHAPE', 'internal', `${path} ${rule}`, { field: path, rule });
};

const misshapen = (): never => refuse('a value', 'is not of its shape');
/** Printable ASCII without quote and backslash: most of what is recorded needs no escaping. */
const PLAIN = /^[ !#-[\]-~]*$/;
export const quoted = (value: string): string => (PLAIN.test(value) ? `"${value}"` : JSON.stringify(value));

/** A personal value before it is recorded: the recorder seals it. */
export interface ClearField {
  readonly value: string;
}
/** The same once stored (format.md §2): all three base64url, `key` names the key that opens it. */
export interface SealedField {
  readonly key: string;
  readonly commitment: string;
  readonly sealed: string;
}
export type Protected = ClearField | SealedField;
export const clear = (value: string): ClearField => ({ value });
export const isSealed = (field: Protected): field is SealedField => 'sealed' in field;

export const text: Shape<string> = {
  kind: 'text',
  canonical(value, path) {
    if (typeof value !== 'string') return refuse(path, 'must be a string');
    if (!value.isWellFormed()) return refuse(path, 'must hold no lone surrogate');
    return value;
  },
  json(value) {
    if (typeof value !== 'string') return misshapen();
    if (PLAIN.test(value)) return `"${value}"`;
    return value.isWellFormed() ? JSON.stringify(value) : misshapen();
  },
};
export const flag: Shape<boolean> = {
  kind: 'flag',
  canonical: (value, path) => (typeof value === 'boolean' ? value : refuse(path, 'must be true or false')),
  json: (value) => (typeof value === 'boolean' ? String(value) : misshapen()),
};
export const integer: Shape<number> = {
  kind: 'integer',
  // -0 would be written as 0: it is not the same value, so it is refused
  canonical: (value, path) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? value : refuse(path, 'must be a safe integer')),
  json: (value) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : misshapen()),
};
export const oneOf = <const T extends string>(...values: readonly T[]): Shape<T> => ({
  kind: 'one of',
  canonical: (value, path) => (values.includes(value) ? value : refuse(path, `must be one of ${values.join(', ')}`)),
  json: (value) => (values.includes(value) ? quoted(value) : misshapen()),
});
export const list = <T>(of: Shape<T>): Shape<readonly T[]> => ({
  kind: 'list',
  canonical: (values, path) =>
    Array.isArray(values) ? values.map((value: T, index) => of.canonical(value, `${path}[${index}]`)) : refuse(path, 'must be a list'),
  json: (values) => (Array.isArray(values) ? `[${values.map((value: T) => of.json(value)).join(',')}]` : misshapen()),
});
export const optional = <T>(of: Shape<T>): Shape<T> & { readonly optional: true } => ({ ...of, optional: true });

/** A personal value: only the sealed form can be stored. */
export const protectedText: Shape<Protected> = {
  kind: 'protected',
  canonical(value, path) {
    if (!isSealed(value)) return refuse(path, 'must be sealed before it is stored');
    return { commitment: value.commitment, key: value.key, sealed: value.sealed };
  },
  json(value) {
    if (!isSealed(value)) return misshapen();
    return `{"commitment":${quoted(value.commitment)},"key":${quoted(value.key)},"sealed":${quoted(value.sealed)}}`;
  },
};

type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly optional: true } ? K : never }[keyof F];
type Simplify<T> = { readonly [K in keyof T]: T[K] };
export type DataOf<F> = Simplify<{ [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & { [K in OptionalKeys<F>]?: ValueOf<F[K]> }>;

const INTEGER_LIKE = /^(0|[1-9]\d*)$/;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a shape is used both ways: any is the only type that fits all of them
export function record<const F extends Readonly<Record<string, Shape<any>>>>(fields: F): Shape<DataOf<F>> & { readonly fields: F } {
  const names = Object.keys(fields).sort();
  const bad = names.find((name) => INTEGER_LIKE.test(name));
  if (bad !== undefined) throw new Error(`field name ${bad} looks like an integer: engines reorder those`);
  const shapes = names.map((name) => fields[name] as Shape<unknown>);
  const keys = names.map((name) => `${JSON.stringify(name)}:`);
  return {
    kind: 'record',
    fields,
    canonical(value, path) {
      if (typeof value !== 'object' || value === null) return refuse(path, 'must be an object');
      const given = value as Record<string, unknown>;
      const ordered: Record<string, unknown> = {};
      let seen = 0;
      for (let index = 0; index < names.length; index += 1) {
        const name = names[index] as string;
        const shape = shapes[index] as Shape<unknown>;
        const field = given[name];
        if (field === undefined) {
          if (!shape.optional) refuse(`${path}.${name}`, 'is missing');
          if (name in given) seen += 1;
          continue;
        }
        seen += 1;
        ordered[name] = shape.canonical(field, `${path}.${name}`);
      }
      if (Object.keys(given).length !== seen) {
        refuse(`${path}.${Object.keys(given).find((name) => !(name in fields)) ?? ''}`, 'is not a field of this type');
      }
      return ordered;
    },
    json(value) {
      if (typeof value !== 'object' || value === null) return misshapen();
      const given = value as Record<string, unknown>;
      let json = '{';
      let seen = 0;
      for (let index = 0; index < names.length; index += 1) {
        const field = given[names[index] as string];
        const shape = shapes[index] as Shape<unknown>;
        if (field === undefined) {
          if (!shape.optional) return misshapen();
          if ((names[index] as string) in given) seen += 1;
          continue;
        }
        seen += 1;
        json += json === '{' ? (keys[index] as string) : `,${keys[index] as string}`;
        json += shape.json(field);
      }
      return Object.keys(given).length === seen ? `${json}}` : misshapen();
    },
  };
}

export interface EventType<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly version: number;
  readonly data: Shape<Data>;
  /** Names of the top-level fields that are sealed before they are stored. */
  readonly protectedFields: readonly string[];
  /** From version n (index n−1) to n+1; applied in order when older bytes are read. */
  readonly upcasters: readonly ((data: never) => unknown)[];
}
/** The message type of an event type: `EventOf<typeof QueryPermitted>`. */
export type EventOf<E> = E extends EventType<infer Type, infer Data> ? { readonly type: Type; readonly data: Data } : never;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export function eventType<const Type extends string, const F extends Readonly<Record<string, Shape<any>>>>(
  type: Type,
  fields: F,
  upcasters: readonly ((data: never) => unknown)[] = [],
): EventType<Type, DataOf<F>> {
  return {
    type,
    version: upcasters.length + 1,
    data: record(fields),
    protectedFields: Object.keys(fields)
      .filter((name) => fields[name]?.kind === 'protected')
      .sort(),
    upcasters,
  };
}
