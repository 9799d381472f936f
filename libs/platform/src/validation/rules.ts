import { isCalendarDay, isUuidV7 } from '#libs/kernel';

/**
 * One check of one value, by name. The same predicate runs under class-validator and inside the compiled validator, so
 * the two can't disagree. `message` completes '<field> …' and never repeats the value.
 */
export class Rule {
  constructor(
    /** kebab-case, stable: callers see it in `rule`. */
    readonly name: string,
    readonly type: 'string' | 'object',
    readonly message: string,
    readonly test: (value: unknown) => boolean,
    /** What the documentation shows. */
    readonly docs: Readonly<Record<string, unknown>> = {},
  ) {}
}

/** A rule over strings. `test` is only given strings. */
export const textRule = (name: string, message: string, test: (text: string) => boolean, docs: Readonly<Record<string, unknown>> = {}): Rule =>
  new Rule(name, 'string', message, (value) => typeof value === 'string' && test(value), docs);

const pattern = (name: string, message: string, expression: RegExp, example: string): Rule =>
  textRule(name, message, (text) => expression.test(text), { pattern: expression.source, example });

export const AGENCY_CODE = pattern('agency-code', 'must be an agency code: 16 digits', /^[0-9]{16}$/, '0220113101601700');
export const AFFAIR_CODE = pattern('affair-code', 'must be an affair code: JM and 14 digits', /^JM[0-9]{14}$/, 'JM99000000000074');
export const PROCEDURE_CODE = pattern('procedure-code', 'must be a procedure code: JT and 14 digits', /^JT[0-9]{14}$/, 'JT99000000000074');
export const INFORMATION_CODE = pattern('information-code', 'must be an information code: TM and 14 digits', /^TM[0-9]{14}$/, 'TM00000000000002');
export const SERVER_ID = pattern('server-id', 'must be a server id: lower-case letters, digits and hyphens, 2 to 40', /^[a-z][a-z0-9-]{1,39}$/, 'is-east');
/** 団体内統合宛名番号: the agency's own number of a person. */
export const IN_AGENCY_NUMBER = pattern(
  'in-agency-number',
  'must be an in-agency number: 1 to 20 digits or upper-case letters',
  /^[0-9A-Z]{1,20}$/,
  '000000000000123',
);
export const INDIVIDUAL_NUMBER_SHAPE = pattern('individual-number-shape', 'must be 12 digits', /^[0-9]{12}$/, '000000000000');
export const RESIDENT_RECORD_CODE = pattern('resident-record-code', 'must be 11 digits', /^[0-9]{11}$/, '00000000000');
export const UUID_V7 = textRule('uuid-v7', 'must be a UUIDv7 in lower case', isUuidV7, { example: '0171f0c8-7a00-7000-8000-000000000001' });
export const CALENDAR_DAY = textRule('calendar-day', 'must be a day of the calendar, YYYY-MM-DD', isCalendarDay, { example: '2020-05-08' });
export const CALENDAR_MONTH = pattern('calendar-month', 'must be a month, YYYY-MM', /^[0-9]{4}-(?:0[1-9]|1[0-2])$/, '2020-05');
export const CALENDAR_YEAR = pattern('calendar-year', 'must be a year, YYYY', /^[12][0-9]{3}$/, '2020');

const NAMED_KEY = '[a-z][a-z0-9-]{0,39}:[A-Za-z0-9_-]{43}';
const NAMED_KEYS_EXPRESSION = new RegExp(`^${NAMED_KEY}(?:,${NAMED_KEY}){0,49}$`);
/** `name:key` pairs, at most 50, each name once: who may operate or audit a server, in a variable of its configuration. */
export const NAMED_KEYS = textRule(
  'named-keys',
  'must be name:key pairs joined by commas, each name once, each key an Ed25519 public key in base64url',
  (text) => NAMED_KEYS_EXPRESSION.test(text) && new Set(pairsOf(text).map(([name]) => name)).size === pairsOf(text).length,
);
const pairsOf = (text: string): [name: string, key: string][] => text.split(',').map((pair) => pair.split(':') as [string, string]);
/** Name → public key, of a text that follows NAMED_KEYS; none where nothing was configured. */
export const namedKeys = (text: string | undefined): Readonly<Record<string, string>> => (text === undefined ? {} : Object.fromEntries(pairsOf(text)));

const INSTANT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;
export const INSTANT_RULE = textRule(
  'instant',
  'must be an instant that exists, ISO 8601 UTC with milliseconds',
  (text) => {
    if (!INSTANT.test(text)) return false;
    const parsed = new Date(text);
    return !Number.isNaN(parsed.getTime()) && parsed.toISOString() === text;
  },
  { example: '2020-05-08T00:00:00.000Z' },
);

/** Length in Unicode code points, as JSON Schema counts it. */
function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff) index += 1;
    count += 1;
  }
  return count;
}

/** Well-formed text (no lone surrogate, no control character but line feed and tab) of min to max code points. */
export function boundedText(min: number, max: number): Rule {
  const length = min === 0 ? `at most ${max}` : min === max ? `${max}` : `${min} to ${max}`;
  return textRule(
    `text-${min}-${max}`,
    `must be well-formed text of ${length} characters`,
    (text) => {
      // a code point takes at most two units: most texts are settled without counting
      if (text.length > max * 2 || text.length < min) return false;
      // eslint-disable-next-line no-control-regex -- control characters are what is refused
      if (!text.isWellFormed() || /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) return false;
      const count = codePoints(text);
      return count >= min && count <= max;
    },
    { minLength: min, maxLength: max },
  );
}

/** Unpadded base64url of bytesMin to bytesMax bytes. */
export function base64url(bytesMin: number, bytesMax: number): Rule {
  return textRule(`base64url-${bytesMin}-${bytesMax}`, `must be base64url without padding, ${bytesMin} to ${bytesMax} bytes`, (text) => {
    if (text.length % 4 === 1 || !/^[A-Za-z0-9_-]*$/.test(text)) return false;
    const bytes = Math.floor((text.length * 3) / 4);
    return bytes >= bytesMin && bytes <= bytesMax;
  });
}

export const digits = (count: number): Rule => pattern(`digits-${count}`, `must be ${count} digits`, new RegExp(`^[0-9]{${count}}$`), '0'.repeat(count));

/** An http or https address without user, query or fragment. */
export const HTTP_ADDRESS = textRule(
  'http-address',
  'must be an http or https address without user, query or fragment',
  (text) => {
    if (text.length > 2_048 || !URL.canParse(text)) return false;
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  },
  { example: 'http://127.0.0.1:7101' },
);

const CONTENT_DEPTH_MAX = 8;
const INTEGER_LIKE = /^(?:0|[1-9][0-9]*)$/;

function fitsContent(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || value === null || depth >= CONTENT_DEPTH_MAX) return false;
  if (Array.isArray(value)) return value.every((item) => fitsContent(item, depth + 1));
  return Object.entries(value).every(([name, inner]) => name.isWellFormed() && !INTEGER_LIKE.test(name) && fitsContent(inner, depth + 1));
}

/**
 * An object that can be stored (format.md §1): strings, booleans, safe integers, arrays and objects, at most 8 deep, no
 * field name that looks like an integer, at most `bytesMax` bytes of JSON in UTF-8.
 */
export function content(bytesMax: number): Rule {
  return new Rule(
    `content-${bytesMax}`,
    'object',
    `must be an object of strings, booleans, whole numbers, lists and objects, at most ${CONTENT_DEPTH_MAX} deep and ${bytesMax} bytes`,
    (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && fitsContent(value, 0) && Buffer.byteLength(JSON.stringify(value)) <= bytesMax,
    { additionalProperties: true },
  );
}
