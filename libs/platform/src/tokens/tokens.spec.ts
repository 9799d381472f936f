import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { ReplayCache } from './replay-cache.js';
import { bodyDigest, type RequestFacts, TokenSigner } from './token-signer.js';
import { type CallerKey, TokenVerifier } from './token-verifier.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const known: CallerKey = { kind: 'server', publicKey };
const facts: RequestFacts = { method: 'POST', path: '/queries?x=1', body: new TextEncoder().encode('{}') };

class Time {
  ms = Date.parse('2026-11-24T00:00:00Z');
  readonly now = (): number => this.ms;
}
const parts = (time: Time) => ({
  signer: new TokenSigner({ issuer: 'is-east', keyId: '1', privateKey, nowMs: time.now }),
  verifier: new TokenVerifier({ audience: 'core', keyOf: (issuer, keyId) => (issuer === 'is-east' && keyId === '1' ? known : undefined), nowMs: time.now }),
});

describe('a token', () => {
  it('proves its issuer for the request it was made for', async () => {
    const { signer, verifier } = parts(new Time());
    expect(await verifier.verify(await signer.authorization('core', facts), facts)).toEqual({ issuer: 'is-east', kind: 'server', keyId: '1' });
  });

  it('is used once, and remembered until it has expired', async () => {
    const time = new Time();
    const { signer, verifier } = parts(time);
    const token = await signer.authorization('core', facts);
    await verifier.verify(token, facts);
    for (const later of [0, 1_000, 29_000, 34_000]) {
      time.ms += later - (time.ms - Date.parse('2026-11-24T00:00:00Z'));
      await expect(verifier.verify(token, facts)).rejects.toMatchObject({ code: 'TOKEN_REPLAYED' });
    }
    time.ms += 2_000;
    await expect(verifier.verify(token, facts)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED', kind: 'unauthenticated' });
  });

  it('is not used up by a request that it does not fit', async () => {
    const { signer, verifier } = parts(new Time());
    const token = await signer.authorization('core', facts);
    await expect(verifier.verify(token, { ...facts, body: new TextEncoder().encode('[]') })).rejects.toMatchObject({ code: 'TOKEN_BODY_MISMATCH' });
    await expect(verifier.verify(token, { ...facts, method: 'PUT' })).rejects.toMatchObject({ code: 'TOKEN_REQUEST_MISMATCH' });
    await expect(verifier.verify(token, { ...facts, path: '/queries' })).rejects.toMatchObject({ code: 'TOKEN_REQUEST_MISMATCH' });
    await expect(verifier.verify(token, facts)).resolves.toBeDefined();
  });

  it('forgives five seconds between the clocks, not more', async () => {
    const time = new Time();
    const { verifier } = parts(time);
    const ahead = (ms: number) => new TokenSigner({ issuer: 'is-east', keyId: '1', privateKey, nowMs: () => time.ms + ms }).authorization('core', facts);
    await expect(verifier.verify(await ahead(4_900), facts)).resolves.toBeDefined();
    await expect(verifier.verify(await ahead(5_100), facts)).rejects.toMatchObject({ code: 'TOKEN_NOT_YET_VALID' });
  });

  it('is refused with every bit flipped', async () => {
    const { signer, verifier } = parts(new Time());
    const token = await signer.sign('core', facts);
    for (let index = 0; index < token.length; index += 7) {
      const flipped = `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`;
      await expect(verifier.verify(`Bearer ${flipped}`, facts)).rejects.toMatchObject({ code: expect.stringMatching(/^TOKEN_/) });
    }
  });

  const claims = (time: Time) => ({
    htm: 'POST',
    path: facts.path,
    digest: bodyDigest(facts.body),
    jti: 'a',
    iss: 'is-east',
    aud: 'core' as unknown,
    iat: time.ms / 1_000,
    exp: time.ms / 1_000 + 30,
  });
  it.each<[string, (time: Time) => object, object, string]>([
    ['no expiry', (time) => ({ ...claims(time), exp: undefined }), {}, 'TOKEN_MALFORMED'],
    ['no id', (time) => ({ ...claims(time), jti: undefined }), {}, 'TOKEN_MALFORMED'],
    ['a long id', (time) => ({ ...claims(time), jti: 'a'.repeat(65) }), {}, 'TOKEN_MALFORMED'],
    ['several audiences', (time) => ({ ...claims(time), aud: ['core', 'registry'] }), {}, 'TOKEN_FOREIGN_AUDIENCE'],
    ['an expiry before its issue', (time) => ({ ...claims(time), exp: time.ms / 1_000 - 1 }), {}, 'TOKEN_LIFETIME_TOO_LONG'],
    ['an expiry of 61 s', (time) => ({ ...claims(time), exp: time.ms / 1_000 + 61 }), {}, 'TOKEN_LIFETIME_TOO_LONG'],
    ['no digest', (time) => ({ ...claims(time), digest: undefined }), {}, 'TOKEN_BODY_MISMATCH'],
    ['another type of token', claims, { typ: 'JWT' }, 'TOKEN_MALFORMED'],
    ['no key id', claims, { kid: undefined }, 'TOKEN_MALFORMED'],
    ['another key id', claims, { kid: '2' }, 'TOKEN_UNKNOWN_ISSUER'],
  ])('is refused with %s', async (_name, payload, header, code) => {
    const time = new Time();
    const { verifier } = parts(time);
    const token = await new SignJWT({ ...payload(time) }).setProtectedHeader({ alg: 'EdDSA', kid: '1', typ: 'renkei+jwt', ...header }).sign(privateKey);
    await expect(verifier.verify(`Bearer ${token}`, facts)).rejects.toMatchObject({ code });
  });

  it('is refused where another algorithm is claimed', async () => {
    const time = new Time();
    const { verifier } = parts(time);
    const hmac = await new SignJWT({ ...claims(time), aud: 'core' })
      .setProtectedHeader({ alg: 'HS256', kid: '1', typ: 'renkei+jwt' })
      .sign(publicKey.export({ type: 'spki', format: 'der' }));
    await expect(verifier.verify(`Bearer ${hmac}`, facts)).rejects.toMatchObject({ code: 'TOKEN_MALFORMED' });
    const none = `${Buffer.from('{"alg":"none","kid":"1","typ":"renkei+jwt"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims(time))).toString('base64url')}.`;
    await expect(verifier.verify(`Bearer ${none}`, facts)).rejects.toMatchObject({ code: 'TOKEN_MALFORMED' });
  });
});

describe('the replay cache', () => {
  it('forgets what has expired and refuses when it is full', () => {
    const cache = new ReplayCache(3);
    for (const id of ['a', 'b', 'c']) cache.use(id, 20_000, 0);
    expect(() => cache.use('d', 20_000, 0)).toThrow('too many tokens');
    expect(() => cache.use('a', 20_000, 19_999)).toThrow('used before');
    cache.use('d', 50_000, 30_000);
    expect(cache.size).toBe(1);
  });
});
