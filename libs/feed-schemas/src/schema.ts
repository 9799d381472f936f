/** A part of a JSON Schema (draft-07, which AsyncAPI 3 takes as it stands). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A field of a feed event's data: its JSON Schema, and by it its TypeScript type. */
export interface Field<T = unknown> {
  readonly schema: JsonSchema;
  readonly optional?: true;
  /** Carries the type only. */
  readonly value?: T;
}
export type Fields = Readonly<Record<string, Field>>;

type ValueOf<F> = F extends Field<infer T> ? T : never;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly optional: true } ? K : never }[keyof F];
type Simplify<T> = { readonly [K in keyof T]: T[K] };
export type DataOf<F extends Fields> = Simplify<{ [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & { [K in OptionalKeys<F>]?: ValueOf<F[K]> }>;

const TEXT_LETTERS_MAX = 200;
/** More than the 65,535 bytes of a stored event hold. */
const ITEMS_MAX = 2_000;
/** ISO 8601 UTC with milliseconds, as every instant of the network. */
export const INSTANT = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$';
export const UUID_V7 = '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';

export const text = (description: string): Field<string> => ({ schema: { type: 'string', minLength: 1, maxLength: TEXT_LETTERS_MAX, description } });
export const exchangeId = (description: string): Field<string> => ({ schema: { type: 'string', pattern: UUID_V7, description } });
export const instant = (description: string): Field<string> => ({ schema: { type: 'string', pattern: INSTANT, description } });
export const flag = (description: string): Field<boolean> => ({ schema: { type: 'boolean', description } });
export const whole = (description: string): Field<number> => ({ schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description } });
export const oneOf = <const T extends string>(values: readonly T[], description: string): Field<T> => ({
  schema: { type: 'string', enum: [...values], description },
});
export const texts = (description: string): Field<readonly string[]> => ({
  schema: { type: 'array', maxItems: ITEMS_MAX, items: { type: 'string', minLength: 1, maxLength: TEXT_LETTERS_MAX }, description },
});
export const optional = <T>(field: Field<T>): Field<T> & { readonly optional: true } => ({ ...field, optional: true });

/** Members that a schema does not name are let pass: a newer server may tell more, and a consumer ignores what it does not know. */
export const objectSchema = (fields: Fields): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema])),
  required: Object.entries(fields).flatMap(([name, field]) => (field.optional ? [] : [name])),
});
