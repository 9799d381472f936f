import { DomainError } from '#libs/kernel';
import { leafHash, type Ledger, type LedgerSource, nativeHasher } from '#libs/ledger';
import { HASH_BYTES, inclusionProof, type NodeReader, sameHash, TILE_HEIGHT, TILE_WIDTH, type TileName, tileWidth } from '#libs/proofs';
import { formatEntryBundle } from './entry-bundle.js';

export interface InclusionProof {
  /** Leaf hash of the entry. */
  readonly leaf: Uint8Array;
  /** From the leaf up. */
  readonly hashes: readonly Uint8Array[];
  readonly root: Uint8Array;
}

const unreadable = (what: string): DomainError => new DomainError('LEDGER_UNAVAILABLE', 'unavailable', `${what} could not be read`);

/** A log as it is given out: what a signed checkpoint commits to, and nothing beyond. */
export class LogReader {
  constructor(
    readonly ledger: Ledger,
    private readonly source: LedgerSource,
  ) {}

  /** Of the newest checkpoint: nothing past it is given out. */
  get size(): number {
    return this.ledger.checkpoint.size;
  }

  /**
   * The hashes of a tile, 32 bytes each, exactly as many as its name says; undefined where the tree of this size has fewer.
   * A partial tile is given out also after it has become whole: its hashes stay what they were.
   */
  hashes({ level, index, width }: TileName & { readonly level: number }, size = this.size): Uint8Array | undefined {
    if (tileWidth(level, index, size) < width) return undefined;
    const tile = this.ledger.tile(level, index);
    if (tile === undefined || tile.length < width * HASH_BYTES) throw unreadable('a tile of the log');
    return tile.subarray(0, width * HASH_BYTES);
  }

  /**
   * The entries of a bundle as they are stored, `width` of them; undefined where the tree of this size has fewer. Each is
   * held against its leaf: bytes that are not those that were signed do not leave (LEDGER_ENTRY_DIFFERS).
   */
  async entries(index: number, width: number, size = this.size): Promise<Uint8Array[] | undefined> {
    const leaves = this.hashes({ level: 0, index, width }, size);
    if (!leaves) return undefined;
    const from = index * TILE_WIDTH;
    const [first] = this.ledger.positionsOf(from, from + 1);
    if (first === undefined) throw unreadable('the place of an entry');
    const { events } = await this.source.readAll({ after: first - 1n, limit: width });
    if (events.length !== width) throw unreadable('an entry of the log');
    for (const [at, { bytes }] of events.entries()) {
      if (sameHash(leafHash(bytes), leaves.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) continue;
      throw new DomainError('LEDGER_ENTRY_DIFFERS', 'internal', `the stored bytes of entry ${from + at} are not those in the tree`);
    }
    return events.map(({ bytes }) => bytes);
  }

  /** The same as one bundle. */
  async bundle(index: number, width: number, size = this.size): Promise<Buffer | undefined> {
    const entries = await this.entries(index, width, size);
    return entries && formatEntryBundle(entries);
  }

  /** RFC 9162 §2.1.3, in the tree as it was at this size. Throws RangeError for an index that is no leaf of it. */
  inclusion(index: number, size: number): InclusionProof {
    if (size > this.size) throw new RangeError('the log has no such size yet');
    const hashes = inclusionProof(nativeHasher, this.#read, index, size);
    return { leaf: this.#read(0, index), hashes, root: this.ledger.rootAt(size) };
  }

  /** Whole subtrees from tiles: 2^level leaves, the first of which is index · 2^level. */
  readonly #read: NodeReader = (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const width = 2 ** (level % TILE_HEIGHT);
    const first = index * width;
    const tile = this.ledger.tile(tileLevel, Math.floor(first / TILE_WIDTH));
    const from = (first % TILE_WIDTH) * HASH_BYTES;
    if (tile === undefined || tile.length < from + width * HASH_BYTES) throw unreadable('a tile of the log');
    let nodes: Uint8Array[] = Array.from({ length: width }, (_, at) => tile.subarray(from + at * HASH_BYTES, from + (at + 1) * HASH_BYTES));
    while (nodes.length > 1) {
      nodes = Array.from({ length: nodes.length / 2 }, (_, at) => nativeHasher.node(nodes[2 * at] as Uint8Array, nodes[2 * at + 1] as Uint8Array));
    }
    return nodes[0] as Uint8Array;
  };
}
