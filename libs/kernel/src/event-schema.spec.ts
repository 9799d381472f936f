import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { EventRegistry, eventType, flag, integer, isUuidV7, legalDay, list, optional, protectedText, record, text, timeOfUuidV7, uuidV7 } from './index.js';

const Everything = eventType('Everything', {
  zeta: text,
  Alpha: optional(text),
  ünïcode: optional(text),
  count: integer,
  yes: flag,
  nested: record({ b: text, a: optional(list(integer)) }),
  person: protectedText,
});
const registry = new EventRegistry([Everything]);

const wellFormed = fc.string({ unit: 'grapheme' });
const safeInteger = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const data = fc.record(
  {
    zeta: wellFormed,
    Alpha: wellFormed,
    ünïcode: wellFormed,
    count: safeInteger,
    yes: fc.boolean(),
    nested: fc.record({ b: wellFormed, a: fc.array(safeInteger, { maxLength: 3 }) }, { requiredKeys: ['b'] }),
    person: fc.record({ sealed: wellFormed, key: wellFormed, commitment: wellFormed }),
  },
  { requiredKeys: ['zeta', 'count', 'yes', 'nested', 'person'] },
);
const envelope = {
  id: '018f0000-0000-7000-8000-000000000000',
  stream: 'everything-ほ',
  revision: 3,
  recordedAt: '2020-05-08T00:00:00.000Z',
  at: '2020-05-08T00:00:00.000Z',
  agency: '0220113101601700',
  actor: 'official:税務課',
  correlationId: 'c"\\',
  causationId: 'd\n',
};

describe('stored bytes', () => {
  it('equal the canonical JSON (RFC 8785) of the same event, whatever is in it', () => {
    fc.assert(
      fc.property(data, (value) => {
        const message = { type: 'Everything', data: value } as const;
        expect(registry.encode(envelope, message)).toBe(canonicalize({ ...envelope, ...message, v: 1 }));
      }),
    );
  });

  it('decode to what was written', () => {
    fc.assert(
      fc.property(data, (value) => {
        const decoded = registry.decode(registry.encode(envelope, { type: 'Everything', data: value }));
        expect(decoded).toEqual({ ...envelope, type: 'Everything', data: value, v: 1 });
      }),
    );
  });

  it.each([
    ['a lone surrogate', { zeta: '\ud800' }],
    ['a fraction', { count: 1.5 }],
    ['an integer that is not safe', { count: 2 ** 53 }],
    ['negative zero', { count: -0 }],
    ['a missing field', { yes: undefined }],
    ['a field of no type', { other: 1 }],
    ['a personal value that is not sealed', { person: { value: 'x' } }],
    ['null', { nested: null }],
  ])('are never written with %s', (_what, change) => {
    const good = { zeta: 'z', count: 1, yes: true, nested: { b: 'b' }, person: { key: 'k', commitment: 'c', sealed: 's' } };
    expect(() => registry.encode(envelope, { type: 'Everything', data: { ...good, ...change } })).toThrow(expect.objectContaining({ code: 'EVENT_SHAPE' }));
  });

  it('of an older version are upcast to the newest shape', () => {
    const older = eventType('Moved', { to: text });
    const newer = eventType('Moved', { to: text, why: text }, [(stored: { to: string }) => ({ ...stored, why: 'unknown' })]);
    const bytes = new EventRegistry([older]).encode(envelope, { type: 'Moved', data: { to: 'x' } });
    expect(new EventRegistry([newer]).decode(bytes)).toMatchObject({ v: 1, data: { to: 'x', why: 'unknown' } });
  });

  it('of a newer version, or of an unknown type, are refused by name', () => {
    const newer = eventType('Moved', { to: text }, [(stored: object) => stored]);
    const bytes = new EventRegistry([newer]).encode(envelope, { type: 'Moved', data: { to: 'x' } });
    expect(() => new EventRegistry([eventType('Moved', { to: text })]).decode(bytes)).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT_VERSION' }));
    expect(() => registry.decode(bytes)).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT_TYPE' }));
  });
});

describe('ids and days', () => {
  it('carry their time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.uint8Array({ minLength: 10, maxLength: 10 }), (time, bits) => {
        const id = uuidV7(time, bits);
        expect(isUuidV7(id)).toBe(true);
        expect(timeOfUuidV7(id)).toBe(time);
      }),
    );
  });

  it('turn at midnight in Japan', () => {
    expect(legalDay('2019-06-30T14:59:59.999Z')).toBe('2019-06-30');
    expect(legalDay('2019-06-30T15:00:00.000Z')).toBe('2019-07-01');
  });
});
