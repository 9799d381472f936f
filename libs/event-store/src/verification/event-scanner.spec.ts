import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventRegistry, eventType, flag, integer, list, optional, record, text } from '#libs/kernel';
import { EventScanner } from './event-scanner.js';

const registry = new EventRegistry([
  eventType('Everything', { word: text, number: integer, yes: flag, words: list(text), inner: record({ b: text, a: optional(integer) }) }),
]);
const envelope = {
  id: '0171ef30-0000-7000-8000-0123456789ab',
  stream: 'thing-1',
  revision: 3,
  recordedAt: '2020-05-08T00:00:00.000Z',
  at: '2020-05-08T00:00:00.000Z',
  actor: 'system',
  correlationId: 'c',
  causationId: 'd',
};
const data = fc.record({
  word: fc.string({ unit: 'grapheme' }),
  number: fc.maxSafeInteger().map((value) => value + 0),
  yes: fc.boolean(),
  words: fc.array(fc.string({ unit: 'binary-ascii' }), { maxLength: 4 }),
  inner: fc.record({ a: fc.nat(), b: fc.string() }, { requiredKeys: ['b'] }),
});
const encode = (value: unknown, agency?: string): Buffer =>
  Buffer.from(registry.encode({ ...envelope, ...(agency === undefined ? {} : { agency }) }, { type: 'Everything', data: value }));
const sample = { word: '世田谷区 "a\\b"\u001f\n', number: -12, yes: true, words: ['x', ''], inner: { b: 'y', a: 0 } };

describe('an event scanner', () => {
  const scanner = new EventScanner();

  it('takes whatever the encoders write, and reads its header', () => {
    fc.assert(
      fc.property(data, fc.option(fc.string({ minLength: 1 }), { nil: undefined }), (value, agency) => {
        const bytes = encode(value, agency);
        expect(scanner.scan(bytes)).toBe(true);
        expect(bytes.toString('utf8', scanner.streamAt, scanner.streamEnd)).toBe('thing-1');
        expect(bytes.toString('utf8', scanner.typeAt, scanner.typeEnd)).toBe('Everything');
        expect([scanner.revision, scanner.version]).toEqual([3, 1]);
        expect(Buffer.from(Uint32Array.from(scanner.id).buffer).swap32().toString('hex')).toBe(envelope.id.replaceAll('-', ''));
      }),
    );
  });

  it.each([
    ['a space', (text: string) => text.replace('"data":{', '"data": {')],
    ['fields out of order', (text: string) => text.replace('"a":0,"b":"y"', '"b":"y","a":0')],
    ['a field twice', (text: string) => text.replace('"a":0,', '"a":0,"a":0,')],
    ['a number written otherwise', (text: string) => text.replace('"number":-12', '"number":-12.0')],
    ['a number past the safe ones', (text: string) => text.replace('"number":-12', '"number":9007199254740992')],
    ['minus nought', (text: string) => text.replace('"number":-12', '"number":-0')],
    ['a leading nought', (text: string) => text.replace('"number":-12', '"number":012')],
    ['null', (text: string) => text.replace('"yes":true', '"yes":null')],
    ['an escape that need not be', (text: string) => text.replace('"yes"', '"y\\u0065s"')],
    ['an escape of other letters', (text: string) => text.replace('\\u001f', '\\u001F')],
    ['a bare control character', (text: string) => text.replace('\\n', '\n')],
    ['a missing end', (text: string) => text.slice(0, -1)],
    ['more behind it', (text: string) => `${text} `],
    ['an envelope without its actor', (text: string) => text.replace('"actor":"system",', '')],
    ['an id in capitals', (text: string) => text.replace('0123456789ab', '0123456789AB')],
    ['a negative revision', (text: string) => text.replace('"revision":3', '"revision":-3')],
    ['no stream', (text: string) => text.replace('"thing-1"', '""')],
    ['another instant', (text: string) => text.replace('"at":"2020-05-08T00:00:00.000Z"', '"at":"2020-05-08T00:00:00Z"')],
    ['an unfinished list', (text: string) => text.replace('["x",""]', '["x",""')],
    ['data that is no object', (text: string) => text.replace(/"data":\{.*\},"id"/, '"data":[],"id"')],
  ])('refuses %s', (_, spoil) => {
    const whole = encode(sample).toString('utf8');
    expect(scanner.scan(Buffer.from(spoil(whole)))).toBe(false);
    expect(scanner.scan(Buffer.from(whole))).toBe(true);
  });

  it('refuses bytes that are no UTF-8', () => {
    const bytes = encode(sample);
    bytes[bytes.indexOf(Buffer.from('世')) + 1] = 0x20;
    expect(scanner.scan(bytes)).toBe(false);
  });

  it('ends with an answer for any bytes, and never takes what JSON does not', () => {
    const whole = encode(sample);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ flip;
        if (scanner.scan(bytes)) expect(JSON.stringify(JSON.parse(bytes.toString('utf8')))).toBe(bytes.toString('utf8'));
      }),
      { numRuns: 2_000 },
    );
  });
});
