import type { HmacNames, IdentifierCipher } from '#libs/cryptography';

/** Names a person inside the core's read models: an HMAC of the link, 32 hex digits. Neither link nor identifier is stored. */
export const personKey = (names: HmacNames, link: Uint8Array): string =>
  names.streamId(`person/${Buffer.from(link.buffer, link.byteOffset, link.byteLength).toString('hex')}`);

/** Names an agency's identifier of a person inside the subject directory, 32 hex digits. */
export const identifierKey = (names: HmacNames, agency: string, identifier: string): string => names.streamId(`directory/${agency}/${identifier}`);

/** An identifier names an epoch that this cipher was not made with: make a new one and fold the page again. */
export class EpochUnknown extends Error {
  override readonly name = 'EpochUnknown';
}

const EPOCH_LETTERS = 2;

/** The person behind an identifier, for the core's read models. */
export class PersonKeys {
  #cipher: IdentifierCipher;
  /** Epochs that were looked for in vain: 1,023 at most, and a denied query may name any of them. */
  readonly #foreignEpochs = new Set<string>();
  #lookedFor: string | undefined;

  constructor(
    private readonly names: HmacNames,
    cipher: IdentifierCipher,
    private readonly makeCipher: () => Promise<IdentifierCipher>,
  ) {
    this.#cipher = cipher;
  }

  /** Undefined where the identifier is not one of this holder's. Throws EpochUnknown, once an epoch: see `refresh`. */
  personOf(holder: string, identifier: string): string | undefined {
    const opened = this.#cipher.open(holder, identifier);
    if (opened.status === 'genuine') return personKey(this.names, opened.link);
    if (opened.reason !== 'UNKNOWN_EPOCH') return undefined;
    const epoch = identifier.slice(0, EPOCH_LETTERS);
    if (this.#foreignEpochs.has(epoch)) return undefined;
    this.#lookedFor = epoch;
    throw new EpochUnknown('an identifier of an epoch that began after the keys were read');
  }

  /** Reads the keys again after EpochUnknown. */
  async refresh(): Promise<void> {
    this.#cipher = await this.makeCipher();
    if (this.#lookedFor !== undefined) this.#foreignEpochs.add(this.#lookedFor);
  }
}
