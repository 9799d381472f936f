import { DomainError } from '#libs/kernel';

/** Content of a replica in one layout. */
export type Content = Readonly<Record<string, unknown>>;

/** A field of an illustrative layout. `yen` and `count` are whole numbers, `day` is YYYY-MM-DD, `year` is YYYY. */
export interface LayoutField {
  readonly kind: 'text' | 'code' | 'day' | 'year' | 'yen' | 'count' | 'flag' | 'months';
  readonly required?: boolean;
  /** Name in the field's own words. */
  readonly ja: string;
}

/**
 * What one kind of information holds from one layout version on. The fields are illustrative: the real data standard
 * layout (データ標準レイアウト) is not among the sources.
 */
export interface LayoutRevision {
  /** First version of the layout with these fields. */
  readonly since: string;
  readonly fields: Readonly<Record<string, LayoutField>>;
  /** Content of the revision before it in the fields of this one. Frozen: a delivered answer is built again with it. */
  readonly upcast?: (content: Content) => Content;
}

const TEXT_CHARACTERS_MAX = 2_000;
const CODE = /^[A-Za-z0-9._-]{1,32}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

const RULES: Readonly<Record<LayoutField['kind'], { readonly rule: string; readonly test: (value: unknown) => boolean }>> = {
  text: {
    rule: `text of 1 to ${TEXT_CHARACTERS_MAX} characters`,
    test: (value) => typeof value === 'string' && value.length > 0 && value.length <= TEXT_CHARACTERS_MAX,
  },
  code: { rule: 'a code: 1 to 32 letters, digits, dots, underscores or hyphens', test: (value) => typeof value === 'string' && CODE.test(value) },
  day: { rule: 'a day that exists, YYYY-MM-DD', test: (value) => typeof value === 'string' && isDay(value) },
  year: { rule: 'a year, YYYY', test: (value) => typeof value === 'string' && /^[12]\d{3}$/.test(value) },
  yen: { rule: 'a whole number of yen', test: (value) => Number.isSafeInteger(value) },
  count: { rule: 'a whole number from 0', test: (value) => Number.isSafeInteger(value) && (value as number) >= 0 },
  months: {
    rule: 'a whole number of months, 0 to 1,200',
    test: (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 1_200,
  },
  flag: { rule: 'true or false', test: (value) => typeof value === 'boolean' },
};

function isDay(text: string): boolean {
  if (!DAY.test(text)) return false;
  const parsed = new Date(`${text}T00:00:00.000Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
}

/** A name that a caller made up is repeated only where it looks like a field's. */
const nameable = (name: string): string => (/^[A-Za-z][A-Za-z0-9]{0,39}$/.test(name) ? name : '(unnamed)');

const refused = (field: string, rule: string, message: string): DomainError =>
  new DomainError('CONTENT_NOT_IN_LAYOUT', 'invalid', `content.${field} ${message}`, { field: `content.${field}`, rule });

/** Throws CONTENT_NOT_IN_LAYOUT, naming the first field that is missing, unknown or not as the layout says; never a value. */
export function checkContent(content: Content, { fields }: LayoutRevision): void {
  for (const [name, field] of Object.entries(fields)) {
    const value = content[name];
    if (value === undefined) {
      if (field.required) throw refused(name, 'required', 'is missing');
      continue;
    }
    const { rule, test } = RULES[field.kind];
    if (!test(value)) throw refused(name, field.kind, `must be ${rule}`);
  }
  const unknown = Object.keys(content).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw refused(nameable(unknown), 'unknown-field', 'is not a field of this layout');
}

/** A value of each kind, for examples. */
const EXAMPLES: Readonly<Record<LayoutField['kind'], unknown>> = {
  text: '例',
  code: '1',
  day: '2019-04-01',
  year: '2019',
  yen: 1_234_000,
  count: 1,
  months: 12,
  flag: true,
};
export const exampleContent = ({ fields }: LayoutRevision): Content =>
  Object.fromEntries(Object.entries(fields).map(([name, { kind }]) => [name, EXAMPLES[kind]]));

/** JSON with the names of every object in order (RFC 8785 for the values that a replica may hold). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
