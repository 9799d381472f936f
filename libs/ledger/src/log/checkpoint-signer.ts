import { hash } from 'node:crypto';
import { DomainError } from '#libs/kernel';
import { ED25519, formatCheckpoint, formatNote, parseCheckpoint, parseNote, parseVerifierKey } from '#libs/proofs';
import type { LogSigner, SignedCheckpoint } from './ledger.js';
import { damaged } from './errors.js';
import type { StoredCheckpoint } from './ledger-file.js';

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** Signs the tree heads of one log, with each of its keys. */
export class CheckpointSigner {
  readonly #keys: readonly { readonly name: string; readonly keyId: number; readonly sign: (message: Uint8Array) => Uint8Array }[];

  /** Throws LEDGER_KEY_OF_ANOTHER_LOG for a key that does not name this log, and where there is no key. */
  constructor(
    private readonly origin: string,
    signers: readonly LogSigner[],
  ) {
    this.#keys = signers.map((signer) => {
      const key = parseVerifierKey(sha256, signer.key);
      if (key?.name !== origin || key.kind !== ED25519) throw anotherLog(origin);
      return { name: key.name, keyId: key.keyId, sign: (message) => signer.sign(message) };
    });
    if (signers.length === 0) throw anotherLog(origin);
  }

  sign(size: number, root: Uint8Array, position: bigint): SignedCheckpoint {
    const text = formatCheckpoint({ origin: this.origin, size, root });
    const message = Buffer.from(text);
    const signatures = this.#keys.map(({ name, keyId, sign }) => ({ name, keyId, signature: sign(message) }));
    return { note: formatNote({ text, signatures }), origin: this.origin, size, root, position };
  }
}

const anotherLog = (origin: string): DomainError =>
  new DomainError('LEDGER_KEY_OF_ANOTHER_LOG', 'internal', `the log ${origin} is signed by keys that name it, and by one at least`);

export const toStored = ({ note, position }: SignedCheckpoint): StoredCheckpoint => ({ note, position: String(position) });

/** Throws LEDGER_DAMAGED for what is no checkpoint. */
export function fromStored({ note, position }: StoredCheckpoint): SignedCheckpoint {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  if (!checkpoint) throw damaged('a stored checkpoint is none');
  return { note, ...checkpoint, position: BigInt(position) };
}
