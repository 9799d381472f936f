import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { provisionDigest } from './provision-digest.js';
import { publicKeyOf, TransportKey } from './transport-keys.js';
import { TransportSealer } from './transport-sealer.js';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2020, 4, 8);
const keys: Record<string, TransportKey> = { east: TransportKey.generate(), west: TransportKey.generate(), fund: TransportKey.generate() };
let nowMs = START_MS;
const sealerOf = (self: string): TransportSealer => {
  const peers = new Map(Object.entries(keys).map(([id, key]) => [id, publicKeyOf(key.publicText, 'X25519', 'publicKey')]));
  return new TransportSealer({ self, key: keys[self] as TransportKey, peerKey: (peer) => peers.get(peer), now: () => nowMs });
};
const [east, west, fund] = [sealerOf('east'), sealerOf('west'), sealerOf('fund')];
const EXCHANGE = '01720000-0000-7000-8000-000000000001';
const codeOf = (run: () => unknown): unknown => {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('a sealed payload', () => {
  it('opens at its receiver, for its exchange', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (payload) => {
        expect(west.open('east', EXCHANGE, east.seal('west', EXCHANGE, payload))).toBe(payload);
        expect(east.open('west', EXCHANGE, west.seal('east', EXCHANGE, payload))).toBe(payload);
      }),
    );
  });

  it('is sealed anew each time', () => {
    const sealed = new Set(Array.from({ length: 1_000 }, () => east.seal('west', EXCHANGE, 'same')));
    expect(sealed.size).toBe(1_000);
  });

  it('is refused for another exchange, from another sender, at another receiver, or sent back', () => {
    const sealed = east.seal('west', EXCHANGE, 'payload');
    expect(codeOf(() => west.open('east', EXCHANGE.replace(/1$/, '2'), sealed))).toBe('SEAL_BROKEN');
    expect(codeOf(() => west.open('fund', EXCHANGE, sealed))).toBe('SEAL_BROKEN');
    expect(codeOf(() => fund.open('east', EXCHANGE, sealed))).toBe('SEAL_BROKEN');
    expect(codeOf(() => east.open('west', EXCHANGE, sealed))).toBe('SEAL_BROKEN');
    expect(codeOf(() => west.open('nobody', EXCHANGE, sealed))).toBe('PEER_KEY_UNKNOWN');
  });

  it('is refused when any bit is flipped or any byte cut off', () => {
    const bytes = Buffer.from(east.seal('west', EXCHANGE, 'payload'), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(['SEAL_BROKEN', 'SEAL_STALE']).toContain(codeOf(() => west.open('east', EXCHANGE, flipped.toString('base64url'))));
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(codeOf(() => west.open('east', EXCHANGE, bytes.subarray(0, length).toString('base64url')))).toBe('SEAL_BROKEN');
    }
  });

  it('is accepted for a day and from a clock an hour ahead, not longer', () => {
    const sealed = east.seal('west', EXCHANGE, 'payload');
    const after = (hours: number): unknown => {
      nowMs = START_MS + hours * HOUR_MS;
      const code = codeOf(() => west.open('east', EXCHANGE, sealed));
      nowMs = START_MS;
      return code;
    };
    expect([-2, -1, 0, 24, 25].map(after)).toEqual(['SEAL_STALE', 'accepted', 'accepted', 'accepted', 'SEAL_STALE']);
  });

  it('follows a peer to its new key', () => {
    const renewed = TransportKey.generate();
    let peer = publicKeyOf((keys.west as TransportKey).publicText, 'X25519', 'publicKey');
    const sender = new TransportSealer({ self: 'east', key: keys.east as TransportKey, peerKey: () => peer, now: () => nowMs });
    sender.seal('west', EXCHANGE, 'payload');
    peer = publicKeyOf(renewed.publicText, 'X25519', 'publicKey');
    const eastPublic = publicKeyOf((keys.east as TransportKey).publicText, 'X25519', 'publicKey');
    const receiver = new TransportSealer({ self: 'west', key: renewed, peerKey: () => eastPublic, now: () => nowMs });
    expect(receiver.open('east', EXCHANGE, sender.seal('west', EXCHANGE, 'payload'))).toBe('payload');
  });
});

describe('sealed data of a provision', () => {
  it('carries the salt of the digest that all three record', () => {
    const { sealed, digest } = east.sealProvision({ to: 'west', exchangeId: EXCHANGE, payload: '{"tax":0}' });
    const opened = west.openProvision({ from: 'east', exchangeId: EXCHANGE, sealed });
    expect(opened).toMatchObject({ payload: '{"tax":0}', digest });
    expect(provisionDigest(opened.salt, '{"tax":0}')).toBe(digest);
  });

  it('has another digest each time, so that nobody finds a value by trying', () => {
    const digests = new Set(Array.from({ length: 100 }, () => east.sealProvision({ to: 'west', exchangeId: EXCHANGE, payload: '0' }).digest));
    expect(digests.size).toBe(100);
  });

  it('keeps the digest that was recorded before it was sealed', () => {
    const salt = Buffer.alloc(32, 5);
    expect(east.sealProvision({ to: 'west', exchangeId: EXCHANGE, payload: 'x', salt }).digest).toBe(provisionDigest(salt, 'x'));
  });
});
