import { Injectable } from '@nestjs/common';
import type { Party } from '#libs/commands';
import { DomainError } from '#libs/kernel';
import type { Ledger } from '#libs/ledger';
import { type Clock, Semaphore } from '#libs/platform';
import { encodeHashes, parseTilePath, TILE_WIDTH, toBase64 } from '#libs/proofs';
import { recordReading } from './log/entries-read.js';
import { LogReader } from './log/log-reader.js';

/** A bundle is up to 16 MiB: so many are in memory at once, so many requests wait for it. */
const BUNDLES_AT_ONCE_MAX = 4;
const BUNDLES_WAITING_MAX = 64;

/** What of a party its log's routes need. */
export type LoggedParty = Pick<Party, 'store' | 'recorder' | 'log'> & { readonly ledger: Ledger };

const notThere = (code: string, message: string): DomainError => new DomainError(code, 'not-found', message);

/** What the routes under `/ledger` answer. */
@Injectable()
export class LedgerService {
  readonly #log: LogReader;
  readonly #bundles = new Semaphore({ name: 'the queue of entry bundles', permits: BUNDLES_AT_ONCE_MAX, waitingMax: BUNDLES_WAITING_MAX });

  constructor(
    private readonly party: LoggedParty,
    private readonly clock: Clock,
  ) {
    this.#log = new LogReader(party.ledger, party.store);
  }

  checkpoint(cosigned: boolean): string {
    const { ledger } = this.party;
    const found = cosigned ? ledger.cosigned : ledger.checkpoint;
    if (found === undefined) throw notThere('CHECKPOINT_NOT_COSIGNED', 'no checkpoint of this log has been cosigned yet');
    return found.note;
  }

  /** One verifier key a line, the oldest first: two while a key is being replaced. */
  verifierKeys(): string {
    return (this.party.log?.keys ?? []).map((key) => `${key}\n`).join('');
  }

  tile(path: string): Buffer {
    const name = parseTilePath(path);
    const hashes = name === undefined || name.level === 'entries' ? undefined : this.#log.hashes({ ...name, level: name.level });
    if (hashes === undefined) throw notThere('TILE_NOT_FOUND', 'the newest checkpoint has no such tile, or not so many hashes of it');
    return Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  }

  /** The entries of a bundle; the reading is durable when it resolves. */
  entries(auditor: string, path: string): Promise<Buffer> {
    return this.#bundles.run(async () => {
      const name = parseTilePath(path);
      const bundle = name && (await this.#log.bundle(name.index, name.width));
      if (name === undefined || bundle === undefined) throw notThere('ENTRIES_NOT_FOUND', 'the newest checkpoint does not have so many entries');
      const from = name.index * TILE_WIDTH;
      await recordReading(this.party.recorder, { auditor, from, to: from + name.width }, this.clock.now());
      return bundle;
    });
  }

  async recordReading(auditor: string, from: number, to: number) {
    if (from >= to) throw new DomainError('INVALID_INPUT', 'invalid', '`from` must be below `to`', { field: 'from', rule: 'range' });
    this.#mustHave(to);
    await recordReading(this.party.recorder, { auditor, from, to }, this.clock.now());
    return { auditor, from, to };
  }

  inclusion(index: number, size = this.#log.size) {
    this.#mustHave(size);
    if (index >= size) throw notThere('LEAF_NOT_FOUND', 'a tree of this size has no such leaf');
    const { leaf, hashes, root } = this.#log.inclusion(index, size);
    return { index, size, leaf: toBase64(leaf), hashes: encodeHashes(hashes), root: toBase64(root) };
  }

  consistency(from: number, to = this.#log.size) {
    this.#mustHave(to);
    if (from > to) throw new DomainError('INVALID_INPUT', 'invalid', '`from` must not be above `to`', { field: 'from', rule: 'range' });
    return { from, to, hashes: encodeHashes(this.party.ledger.consistency(from, to)) };
  }

  #mustHave(size: number): void {
    if (size > this.#log.size) throw notThere('SIZE_NOT_REACHED', 'the newest checkpoint is smaller than that');
  }
}
