import { describe, expect, it } from '@jest/globals';
import { EventRegistry, eventType, optional, text, integer } from './index.js';

const Noted = eventType('Noted', { text, count: optional(integer), a: text });

describe('event codec', () => {
  const registry = new EventRegistry([Noted]);
  const envelope = {
    id: '018f0000-0000-7000-8000-000000000000',
    stream: 'note-1',
    revision: 0,
    recordedAt: '2020-05-08T00:00:00.000Z',
    at: '2020-05-08T00:00:00.000Z',
    actor: 'system',
    correlationId: 'c',
    causationId: 'c',
  };

  it('writes keys in canonical order', () => {
    expect(registry.encode(envelope, { type: 'Noted', data: { text: 'é', a: 'x' } })).toBe(
      '{"actor":"system","at":"2020-05-08T00:00:00.000Z","causationId":"c","correlationId":"c","data":{"a":"x","text":"é"},' +
        '"id":"018f0000-0000-7000-8000-000000000000","recordedAt":"2020-05-08T00:00:00.000Z","revision":0,"stream":"note-1","type":"Noted","v":1}',
    );
  });

  it('refuses a field that the type does not have', () => {
    expect(() => registry.encode(envelope, { type: 'Noted', data: { text: 'x', a: 'x', b: 1 } })).toThrow('is not a field of this type');
  });
});
