import { type BatchProof } from '#libs/proofs';
import { proveBatch } from '../tree/prove-batch.js';
import type { TileTree } from '../tree/tile-tree.js';
import { fromStored } from './checkpoint-signer.js';
import { asDamage, LedgerClosed } from './errors.js';
import { Ledger, type Proved, type SignedCheckpoint } from './ledger.js';
import type { LedgerFile } from './ledger-file.js';
import type { Positions } from './positions.js';
import type { Witnessing } from './witnessing.js';

/** What a ledger is asked from: a tree, where its leaves stand in the store, and the newest checkpoint of it. */
export interface Log {
  readonly tree: TileTree;
  readonly positions: Positions;
  readonly checkpoint: SignedCheckpoint;
  readonly witnessing: Witnessing;
}

const base64 = (hash: Uint8Array): string => Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('base64');

/** Everything that a ledger answers from its tree. Nothing shows leaves that no checkpoint covers yet. */
export abstract class TreeLedger extends Ledger {
  protected constructor(protected readonly file: LedgerFile) {
    super();
  }

  /** As it is now. */
  protected abstract current(): Log;
  protected abstract readonly closed: boolean;

  get checkpoint(): SignedCheckpoint {
    return this.#asked(({ checkpoint }) => checkpoint);
  }

  indexAt(position: bigint, back = 0): number {
    return this.#asked(({ positions }) => {
      const index = positions.find(Number(position));
      if (index === undefined || index < back || back < 0) throw new RangeError('the log has no entry there');
      return index - back;
    });
  }

  positionsOf(from: number, to: number): readonly bigint[] {
    return this.#asked(({ positions, checkpoint }) => {
      const found: bigint[] = [];
      for (let index = Math.max(from, 0); index < Math.min(to, checkpoint.size); index += 1) found.push(BigInt(positions.at(index)));
      return found;
    });
  }

  prove(indexes: readonly number[], seen = 0): Proved {
    return this.#asked(({ tree, checkpoint: { note, size } }) => {
      const { nodes, places } = proveBatch(tree, indexes, size);
      const proof: BatchProof = { checkpoint: note, nodes };
      if (seen <= 0 || seen > size) return { proof, places };
      return { proof: { ...proof, consistency: { from: seen, hashes: tree.consistency(seen, size).map(base64) } }, places };
    });
  }

  consistency(from: number, to: number): readonly Uint8Array[] {
    return this.#asked(({ tree, checkpoint: { size } }) => {
      assertShown(to, size);
      return tree.consistency(from, to);
    });
  }

  rootAt(size: number): Uint8Array {
    return this.#asked(({ tree, checkpoint }) => {
      assertShown(size, checkpoint.size);
      return tree.root(size);
    });
  }

  tile(level: number, index: number): Uint8Array | undefined {
    return this.#asked(({ tree, checkpoint: { size } }) => tree.tile(level, index, size));
  }

  get cosigned(): SignedCheckpoint | undefined {
    return this.#asked(({ witnessing }) => witnessing.cosigned);
  }

  get witnessed(): { readonly sizes: ReadonlyMap<string, number>; readonly unwitnessedSinceMs: number | undefined } {
    return this.#asked(({ witnessing: { sizes, sinceMs } }) => ({ sizes, unwitnessedSinceMs: sinceMs }));
  }

  checkpoints(after: number, limit: number): readonly SignedCheckpoint[] {
    return this.#asked(() => this.file.keptCheckpoints(after, limit).map(fromStored));
  }

  #asked<T>(answer: (log: Log) => T): T {
    if (this.closed) throw new LedgerClosed();
    try {
      return answer(this.current());
    } catch (error) {
      throw asDamage(error);
    } finally {
      this.file.release();
    }
  }
}

function assertShown(size: number, shown: number): void {
  if (size > shown) throw new RangeError('the log has signed no tree of this size yet');
}
