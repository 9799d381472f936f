import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { type AuditBundle, BUNDLE_CHARACTERS_MAX, BUNDLE_ENTRIES_MAX } from './audit-bundle.js';
import { EXCHANGE, SALT, trueBundle } from './bundle.fixture.js';
import { hasDuplicateKeys } from './duplicate-keys.js';
import { readBundle } from './read-bundle.js';
import { verifyBundle } from './verify-bundle.js';

const RUNS = 300;
const bundle: AuditBundle = { ...trueBundle(), disclosures: [{ entry: 8, field: 'requesterSubject', salt: SALT, value: 'asks' }] };
const text = JSON.stringify(bundle);
const refusalOf = (input: unknown): string => {
  const read = verifyBundle(input);
  return read.outcome === 'refused' ? read.refusal.code : read.outcome;
};

/** The bundle with one value of it replaced, by path. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy = JSON.parse(text) as Record<string | number, unknown>;
  let at = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = path.at(-1) as string | number;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

describe('what is no bundle', () => {
  it.each<[string, unknown, string]>([
    ['nothing', '', 'BUNDLE_NOT_JSON'],
    ['a truncated one', text.slice(0, -1), 'BUNDLE_NOT_JSON'],
    ['something behind it', `${text}x`, 'BUNDLE_NOT_JSON'],
    ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 'BUNDLE_NOT_UTF8'],
    ['a list', '[]', 'BUNDLE_NOT_A_BUNDLE'],
    ['null', null, 'BUNDLE_NOT_A_BUNDLE'],
    ['a number', 7, 'BUNDLE_NOT_A_BUNDLE'],
    ['a function', () => text, 'BUNDLE_NOT_A_BUNDLE'],
    ['an object of another format', { format: 'zip', version: 1 }, 'BUNDLE_NOT_A_BUNDLE'],
    ['a later version', changed(['version'], 2), 'BUNDLE_VERSION_UNKNOWN'],
    ['a version as a text', changed(['version'], '1'), 'BUNDLE_VERSION_UNKNOWN'],
    ['nesting without end', '['.repeat(1_000_000), 'BUNDLE_NOT_JSON'],
    ['deep nesting', `{"format":"renkei-audit-bundle","version":1,"about":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'BUNDLE_MALFORMED'],
  ])('is refused: %s', (_what, input, code) => expect(refusalOf(input)).toBe(code));

  it.each<[string, readonly (string | number)[], unknown]>([
    ['a field too many', ['more'], 1],
    ['a field missing', ['madeAt'], undefined],
    ['a day that does not exist', ['madeAt'], '2020-02-30T00:00:00.000Z'],
    ['an exchange that is no UUID', ['about', 'exchange'], 'x'],
    ['a subject of no kind', ['about'], { kind: 'constructor' }],
    ['an index that is negative', ['entries', 0, 'index'], -1],
    ['an index of minus zero', ['entries', 0, 'index'], -0],
    ['an index that is no whole number', ['entries', 0, 'index'], 0.5],
    ['an index past 2^53', ['entries', 0, 'index'], 2 ** 53],
    ['a log that there is not', ['entries', 0, 'log'], 3],
    ['a path past 64', ['entries', 0, 'path'], new Array(65).fill(0)],
    ['a path to no node', ['entries', 0, 'path', 0], 9_999],
    ['a path that is a text', ['entries', 0, 'path'], '00'],
    ['bytes with a lone surrogate', ['entries', 0, 'bytes'], '\ud800'],
    ['bytes past 65,535', ['entries', 0, 'bytes'], 'x'.repeat(65_536)],
    ['a node that is no hash', ['logs', 0, 'nodes', 0], 'AAAA'],
    ['a node that is not canonical', ['logs', 0, 'nodes', 0], `${'A'.repeat(42)}B=`],
    ['an origin twice', ['logs', 1, 'origin'], bundle.logs[0]?.origin],
    ['a disclosure of no entry', ['disclosures', 0, 'entry'], 99],
    ['a disclosure of a prototype', ['disclosures', 0, 'field'], '__proto__'],
    ['a salt of another length', ['disclosures', 0, 'salt'], 'AAAA'],
  ])('is refused as malformed: %s', (_what, path, value) => {
    expect(refusalOf(changed(path, value))).toBe('BUNDLE_MALFORMED');
    expect(refusalOf(JSON.stringify(changed(path, value)).replace(/"index":0,/, () => (Object.is(value, -0) ? '"index":-0,' : '"index":0,')))).toBe(
      'BUNDLE_MALFORMED',
    );
  });

  it.each<[string, unknown]>([
    ['twice', [...bundle.entries.slice(0, 1), ...bundle.entries]],
    ['in another order', [...bundle.entries].reverse()],
  ])('is refused where entries stand %s', (_what, entries) => expect(refusalOf({ ...bundle, entries })).toBe('BUNDLE_OUT_OF_ORDER'));

  it.each([
    ['at the top', text.replace('{"format"', '{"version":2,"format"')],
    ['in an entry, written otherwise', text.replace('"log":0,', '"log":0,"\\u006cog":0,')],
    ['in its subject', text.replace('"kind":"exchange"', '"kind":"person","kind":"exchange"')],
  ])('is refused where a field stands twice: %s', (_where, twice) => expect(refusalOf(twice)).toBe('BUNDLE_DUPLICATE_KEY'));

  it('is refused with fields that reach for the prototype, which stays as it was', () => {
    const polluting = text.replace('{"format"', '{"__proto__":{"polluted":true},"format"');
    expect(refusalOf(polluting)).toBe('BUNDLE_MALFORMED');
    expect(refusalOf(JSON.parse(polluting))).toBe('BUNDLE_MALFORMED');
    expect(refusalOf(Object.create(bundle))).toBe('BUNDLE_NOT_A_BUNDLE'); // inherited fields are none
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('is refused past its limits, before anything is looked at', () => {
    expect(refusalOf(new Uint8Array(BUNDLE_CHARACTERS_MAX + 1))).toBe('BUNDLE_TOO_LARGE');
    expect(refusalOf(' '.repeat(BUNDLE_CHARACTERS_MAX + 1))).toBe('BUNDLE_TOO_LARGE');
    expect(refusalOf({ ...bundle, entries: new Array(BUNDLE_ENTRIES_MAX + 1) })).toBe('BUNDLE_TOO_LARGE');
  });

  it('is refused in circles, with getters that throw, and as a proxy that never ends', () => {
    const circle: Record<string, unknown> = { ...bundle };
    circle['about'] = circle;
    const list: unknown[] = [];
    list.push(list);
    const throws = Object.defineProperty({ ...bundle }, 'logs', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const endless = new Proxy([], { get: (_target, name) => (name === 'length' ? Number.MAX_SAFE_INTEGER : {}) });
    expect([circle, { ...bundle, logs: list }, { ...bundle, entries: list }, throws].map(refusalOf)).toEqual(new Array(4).fill('BUNDLE_MALFORMED'));
    expect(refusalOf({ ...bundle, entries: endless })).toBe('BUNDLE_TOO_LARGE');
  });
});

describe('keys that stand twice', () => {
  it('are found wherever they are, and nothing else is', () => {
    const anyJson = fc.json({ maxDepth: 4 });
    fc.assert(
      fc.property(anyJson, (json) => !hasDuplicateKeys(json) && !hasDuplicateKeys(JSON.stringify(JSON.parse(json), null, 1))),
      { numRuns: RUNS },
    );
    expect(['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', '{"a":"a","b":"a,\\"a\\":1"}'].map(hasDuplicateKeys)).toEqual([false, false]);
    expect(['{"a":1,"a":1}', '[{"b":{"a":1,"x":[1,{}],"a":1}}]', '{"a":1,"\\u0061":1}'].map(hasDuplicateKeys)).toEqual([true, true, true]);
  });
});

describe('a bundle that was tampered with', () => {
  it('never passes with another content, whichever character is flipped', () => {
    const content = ({ logs, entries, disclosures }: AuditBundle): unknown => ({
      logs: logs.map(({ origin, party, checkpoint }) => [origin, party, checkpoint.split('\n\n')[0]]),
      entries: entries.map(({ log, index, bytes }) => [log, index, bytes]),
      disclosures,
    });
    const flip = fc.tuple(fc.nat(text.length - 1), fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom(...'0123456789abcXYZ"\\{}[],:+/=-_')));
    fc.assert(
      fc.property(flip, ([at, character]) => {
        const flipped = text.slice(0, at) + character + text.slice(at + 1);
        const { outcome } = verifyBundle(flipped);
        return outcome !== 'verified' || JSON.stringify(content(readBundle(flipped) as AuditBundle)) === JSON.stringify(content(bundle));
      }),
      { numRuns: RUNS },
    );
  });

  it('never throws, whatever JSON or value it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (json) => verifyBundle(json).outcome === 'refused'),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
        (value) => verifyBundle(value).outcome === 'refused',
      ),
      { numRuns: RUNS },
    );
  });

  it('never throws, whatever stands in its place of something', () => {
    const paths = pathsOf(bundle);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const verified = verifyBundle(changed(path, value));
        return verified.outcome !== 'refused' || verified.refusal.code !== 'VERIFIER_FAULT';
      }),
      { numRuns: RUNS },
    );
  });
});

/** Paths of everything in a value, but not of each node and step. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? [0, value.length - 1].filter((index) => index >= 0) : Object.keys(value);
  return [...(path.length === 0 ? [] : [path]), ...keys.flatMap((key) => pathsOf((value as Record<string | number, unknown>)[key], [...path, key]))];
}

describe('the JSON Schema', () => {
  let validate: ValidateFunction;
  beforeAll(() => {
    const schema = JSON.parse(readFileSync('libs/proofs/src/bundle/audit-bundle.schema.json', 'utf8')) as object;
    validate = new Ajv({ strict: true, strictRequired: false }).compile(schema);
  });

  it('takes what the reader takes', () => {
    const { disclosures: _, ...plain } = bundle;
    const abouts: readonly AuditBundle['about'][] = [
      { kind: 'exchange', exchange: EXCHANGE },
      { kind: 'person', agency: '0220101100201700', subjectStream: 'a24de25675b3d2f8aabdbcbe287683cc' },
      { kind: 'agency', agency: '0220101100201700', from: bundle.madeAt, to: bundle.madeAt },
    ];
    for (const good of [bundle, plain, ...abouts.map((about) => ({ ...plain, about }))]) {
      expect({ good: validate(good), errors: validate.errors }).toEqual({ good: true, errors: null });
      expect(readBundle(good)).not.toHaveProperty('code');
    }
  });

  it('refuses what is of another shape, as the reader does', () => {
    // what a schema cannot say: order, references, days of the calendar, surrogates
    const beyond = (code: unknown, at: unknown): boolean =>
      code === 'BUNDLE_OUT_OF_ORDER' || /\/(log|entry|path|origin|madeAt|from|to|logs|bytes|nodes)$/.test(String(at));
    fc.assert(
      fc.property(
        fc.constantFrom(...pathsOf(bundle)),
        fc.oneof(fc.jsonValue(), fc.constantFrom('', 0, -1, 1, null, [], {}, 'a', bundle.madeAt, EXCHANGE)),
        (path, value) => {
          const other = changed(path, value);
          const read = readBundle(other) as { code?: unknown; at?: unknown };
          return validate(other) === (read.code === undefined) || (validate(other) === true && beyond(read.code, read.at));
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('a refusal', () => {
  it.each<[readonly (string | number)[], unknown, string]>([
    [['logs', 1, 'cosigned'], { checkpoint: '', consistency: ['x'] }, '/logs/1/cosigned/consistency/0'],
    [['entries', 3, 'index'], -1, '/entries/3/index'],
    [['about', 'exchange'], 'x', '/about/exchange'],
    [['logs', 0, 'nodes', 2], 'x', '/logs/0/nodes/2'],
    [['disclosures', 0, 'salt'], 'x', '/disclosures/0/salt'],
  ])('tells where, and nothing of what is there: %j', (path, value, at) => {
    expect(readBundle(changed(path, value))).toMatchObject({ code: 'BUNDLE_MALFORMED', at });
  });
});
