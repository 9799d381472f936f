import { hash } from 'node:crypto';
import { SigningKey } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { nativeHasher } from '#libs/ledger';
import { cosignerKey } from '#libs/ledger-service';
import { cosign, decodeHashes, parseCheckpoint, parseNote, parseVerifierKey, verifyConsistency } from '#libs/proofs';
import { type CheckpointLine, type CosignatureAnswer, failed, type LineOutcome, succeeded } from '#libs/protocol';

type Behaviour = 'honest' | 'down' | 'silent' | 'lying';
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** The core as a witness (C2SP tlog-witness): cosigns what extends the largest checkpoint that it has. */
export class TestWitness {
  readonly asked: CheckpointLine[] = [];
  behaviour: Behaviour = 'honest';
  #held = { size: 0, root: nativeHasher.empty() };

  constructor(
    private readonly name: string,
    private readonly key: SigningKey,
  ) {}

  get verifierKey(): string {
    return cosignerKey(this.name, this.key.publicText);
  }

  /** As one that was set up anew: it has seen nothing. */
  forget(): void {
    this.#held = { size: 0, root: nativeHasher.empty() };
  }

  readonly witnessCheckpoints = async (_caller: string, lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]> => {
    this.asked.push(...lines);
    if (this.behaviour === 'silent') return new Promise(() => undefined);
    await Promise.resolve();
    if (this.behaviour === 'down') throw new DomainError('SERVICE_UNAVAILABLE', 'unavailable', 'the core is down');
    return lines.map((line) => this.#cosign(line));
  };

  #cosign({ checkpoint: note, from, hashes }: CheckpointLine): LineOutcome<CosignatureAnswer> {
    const text = parseNote(note)?.text ?? '';
    const checkpoint = parseCheckpoint(text);
    const proof = decodeHashes(hashes);
    if (from !== this.#held.size) return succeeded({ size: this.#held.size });
    if (!checkpoint || !proof || !verifyConsistency(nativeHasher, this.#held, checkpoint, proof)) {
      return failed(new DomainError('LEDGER_INCONSISTENT', 'conflict', 'the checkpoint does not extend the one before it'));
    }
    this.#held = checkpoint;
    const key = parseVerifierKey(sha256, this.verifierKey);
    if (!key) throw new Error('no key');
    const signing = this.behaviour === 'lying' ? SigningKey.generate() : this.key;
    return succeeded({ size: checkpoint.size, cosignature: cosign(text, { key, sign: (message) => signing.sign(message) }, Math.floor(Date.now() / 1_000)) });
  }
}

/** Waits until something holds, at most five seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never came to hold');
}
