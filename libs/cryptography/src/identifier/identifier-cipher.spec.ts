import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IDENTIFIER_LETTERS, readIdentifier, writeIdentifier } from './identifier-text.js';
import { IdentifierCipher, type OpenedIdentifier } from './identifier-cipher.js';
import { type EpochSecret, KeyVault } from './key-vault.js';

class FixedVault extends KeyVault {
  constructor(readonly epochs: number) {
    super();
  }
  override linkSecret = async (): Promise<Uint8Array> => Buffer.alloc(32, 7);
  override epochSecrets = async (): Promise<readonly EpochSecret[]> =>
    Array.from({ length: this.epochs }, (_, index) => ({ epoch: index + 1, secret: Buffer.alloc(32, 100 + index) }));
}

const cipher = await IdentifierCipher.create(new FixedVault(3));
const A = '0220101100001700';
const B = '0220101202001700';
const residentRecordCode = fc.integer({ min: 0, max: 99_999_999_999 }).map((number) => String(number).padStart(11, '0'));
const holder = fc.integer({ min: 0, max: 999_999 }).map((number) => `9900000000${String(number).padStart(6, '0')}`);
const generation = fc.integer({ min: 1, max: 255 });
const epoch = fc.integer({ min: 1, max: 3 });

const genuine = (opened: OpenedIdentifier): { link: string; generation: number; epoch: number } => {
  if (opened.status !== 'genuine') throw new Error(opened.reason);
  return { link: Buffer.from(opened.link).toString('hex'), generation: opened.generation, epoch: opened.epoch };
};

const bitsOf = (identifier: string): bigint => {
  const block = Buffer.alloc(16);
  readIdentifier(identifier, block);
  return BigInt(`0x${block.toString('hex')}`);
};

const equalBits = (a: bigint, b: bigint): number => {
  let different = 0;
  for (let rest = a ^ b; rest > 0n; rest &= rest - 1n) different += 1;
  return 128 - different;
};

describe('an identifier', () => {
  it('is made from the link, generation and epoch, and opens to them for its own holder', () => {
    fc.assert(
      fc.property(residentRecordCode, holder, generation, epoch, (code, of, nth, key) => {
        const link = cipher.linkOf(code);
        const identifier = cipher.issue(of, link, nth, key);
        expect(identifier).toHaveLength(IDENTIFIER_LETTERS);
        expect(genuine(cipher.open(of, identifier))).toEqual({ link: Buffer.from(link).toString('hex'), generation: nth, epoch: key });
      }),
    );
  });

  it('is the same in every process that has the same secrets', async () => {
    const other = await IdentifierCipher.create(new FixedVault(3), { holdersCachedMax: 2 });
    fc.assert(
      fc.property(residentRecordCode, holder, generation, epoch, (code, of, nth, key) => {
        expect(other.issue(of, other.linkOf(code), nth, key)).toBe(cipher.issue(of, cipher.linkOf(code), nth, key));
      }),
    );
  });

  it('is what an independent implementation (Python hmac, openssl enc) makes of the same secrets', () => {
    expect(Buffer.from(cipher.linkOf('12345678901')).toString('hex')).toBe('02e358e902bfe21f4668b8e7');
    expect(cipher.issue(A, cipher.linkOf('12345678901'), 1, 1)).toBe('01hdkczfw01sn05w2brms7dez2y8');
  });

  it('is distinct for every holder, person, generation and epoch', () => {
    const seen = new Set<string>();
    for (let person = 0; person < 20; person += 1) {
      const link = cipher.linkOf(String(person).padStart(11, '0'));
      for (let of = 0; of < 20; of += 1) {
        for (let nth = 1; nth <= 5; nth += 1)
          for (let key = 1; key <= 3; key += 1) seen.add(cipher.issue(`9900000000${String(of).padStart(6, '0')}`, link, nth, key));
      }
    }
    expect(seen.size).toBe(20 * 20 * 5 * 3);
  });

  it("shares no more bits than chance with another holder's identifier of the same person, or a neighbour's", () => {
    const pairs = 4_000;
    let samePerson = 0;
    let sameHolder = 0;
    for (let person = 0; person < pairs; person += 1) {
      const link = cipher.linkOf(String(person).padStart(11, '0'));
      const own = bitsOf(cipher.issue(A, link, 1));
      samePerson += equalBits(own, bitsOf(cipher.issue(B, link, 1)));
      sameHolder += equalBits(own, bitsOf(cipher.issue(A, cipher.linkOf(String(person + pairs).padStart(11, '0')), 1)));
    }
    // a fair coin a bit: 64 of 128, standard deviation of the mean 0.09; eight of them
    expect(Math.abs(samePerson / pairs - 64)).toBeLessThan(0.72);
    expect(Math.abs(sameHolder / pairs - 64)).toBeLessThan(0.72);
  });

  it('is refused as foreign when another holder shows it', () => {
    fc.assert(
      fc.property(residentRecordCode, holder, holder, generation, (code, of, other, nth) => {
        fc.pre(of !== other);
        expect(cipher.open(other, cipher.issue(of, cipher.linkOf(code), nth))).toEqual({ status: 'refused', reason: 'FOREIGN' });
      }),
    );
  });

  it('is refused when any bit is flipped', () => {
    const identifier = cipher.issue(A, cipher.linkOf('12345678901'), 1, 2);
    const block = Buffer.alloc(16);
    readIdentifier(identifier, block);
    for (let bit = 0; bit < 128; bit += 1) {
      const flipped = Buffer.from(block);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(cipher.open(A, writeIdentifier(2, flipped))).toEqual({ status: 'refused', reason: 'FOREIGN' });
    }
    expect(cipher.open(A, writeIdentifier(1, block))).toEqual({ status: 'refused', reason: 'FOREIGN' });
    expect(cipher.open(A, writeIdentifier(9, block))).toEqual({ status: 'refused', reason: 'UNKNOWN_EPOCH' });
  });

  it('is refused when it is not written as one: length, letters, case, spare bits', () => {
    const identifier = cipher.issue(A, cipher.linkOf('12345678901'), 1);
    const malformed = [
      '',
      identifier.slice(1),
      `${identifier}0`,
      identifier.toUpperCase(),
      `00${identifier.slice(2)}`,
      `u${identifier.slice(1)}`,
      `${identifier.slice(0, 27)}é`,
    ];
    const lastLetter = '0123456789abcdefghjkmnpqrstvwxyz'.indexOf(identifier.at(-1) ?? '');
    malformed.push(`${identifier.slice(0, 27)}${'0123456789abcdefghjkmnpqrstvwxyz'[lastLetter | 1]}`);
    for (const text of malformed) expect(cipher.open(A, text)).toEqual({ status: 'refused', reason: 'MALFORMED' });
    fc.assert(fc.property(fc.string({ maxLength: 40 }), (text) => void expect(cipher.open(A, text).status).toBe('refused')));
  });

  it('of an old epoch still opens after a new epoch began, and new issues are of the new one', async () => {
    const before = await IdentifierCipher.create(new FixedVault(1));
    const old = before.issue(A, before.linkOf('12345678901'), 1);
    expect(genuine(cipher.open(A, old)).epoch).toBe(1);
    expect(genuine(cipher.open(A, cipher.issue(A, cipher.linkOf('12345678901'), 1))).epoch).toBe(3);
  });

  it('is not made of what is out of bounds', () => {
    const link = cipher.linkOf('12345678901');
    expect(() => cipher.issue(A, link, 0)).toThrow('a generation is 1 to 255');
    expect(() => cipher.issue(A, link, 256)).toThrow('a generation is 1 to 255');
    expect(() => cipher.issue(A, link.subarray(1), 1)).toThrow('a link has 12 bytes');
    expect(() => cipher.issue(A, link, 1, 4)).toThrow('there is no identifier epoch 4');
  });
});

describe('a link', () => {
  it('is distinct for every resident record code', () => {
    const links = new Set(Array.from({ length: 5_000 }, (_, index) => Buffer.from(cipher.linkOf(String(index).padStart(11, '0'))).toString('hex')));
    expect(links.size).toBe(5_000);
  });
});
