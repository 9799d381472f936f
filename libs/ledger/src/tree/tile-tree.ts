import { consistencyProof, HASH_BYTES, hashOfRange, inclusionProof, type NodeReader, sameHash, TILE_HEIGHT, TILE_WIDTH, tileWidth } from '#libs/proofs';
import { ExpandedTile } from './expanded-tile.js';
import type { TreeHasher } from './native-hasher.js';

/** Full tiles kept expanded in memory (16 KiB each): the leaves of one commit are neighbours and share them. */
export const TILES_CACHED_MAX = 512;

/** A tile that changed: its hashes so far, 32 bytes each. They are never changed, not even where the tile grows on. */
export interface ChangedTile {
  readonly level: number;
  readonly index: number;
  readonly bytes: Buffer;
}

/** A tile that should be stored is not, or is not the one whose hash the tree holds. */
export class DamagedTile extends Error {
  override readonly name = 'DamagedTile';
}

/** A stored full tile; undefined where it is not there. The bytes are copied before this is called again. */
export type ReadTile = (level: number, index: number) => Uint8Array | undefined;

/** A tile's name as one number: levels are few, and no index here reaches 2^45 (2^53 leaves are 2^45 tiles). */
export const tileNumber = (level: number, index: number): number => level * 2 ** 45 + index;

/**
 * An RFC 6962 tree in tiles of height 8. In memory are its right edge (at most 256 hashes a level) and a bounded cache
 * of full tiles; everything else is read, and compared with the hash that the tile above holds of it (DamagedTile).
 * Appending hashes each leaf's way up once; nothing is ever changed.
 */
export class TileTree {
  readonly #edge: ExpandedTile[] = [];
  readonly #cache = new Map<number, ExpandedTile>();
  #size = 0;

  constructor(
    private readonly hasher: TreeHasher,
    private readonly readTile: ReadTile,
  ) {}

  /** The tree as stored: its size, and its partial tiles, which `readTile` gives too. */
  static load(hasher: TreeHasher, readTile: ReadTile, size: number): TileTree {
    const tree = new TileTree(hasher, readTile);
    for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level += 1) {
      const hashes = Math.floor(size / TILE_WIDTH ** level);
      const width = hashes % TILE_WIDTH;
      const bytes = width === 0 ? new Uint8Array(0) : readTile(level, Math.floor(hashes / TILE_WIDTH));
      if (bytes === undefined || bytes.length < width * HASH_BYTES) throw new DamagedTile(`the tile at the edge of level ${level} is missing`);
      tree.#edge.push(new ExpandedTile(hasher, bytes.subarray(0, width * HASH_BYTES)));
    }
    tree.#size = size;
    return tree;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds leaves; gives the tiles that are new or grew, to be stored. */
  append(leaves: readonly Uint8Array[]): readonly ChangedTile[] {
    const changed: ChangedTile[] = [];
    for (const leaf of leaves) this.#push(0, this.#size++, leaf, changed);
    for (const [level, tile] of this.#edge.entries()) {
      if (tile.width > 0) changed.push({ level, index: Math.floor(this.#size / TILE_WIDTH ** (level + 1)), bytes: tile.bytes() });
    }
    return changed;
  }

  #push(level: number, index: number, hash: Uint8Array, changed: ChangedTile[]): void {
    const tile = (this.#edge[level] ??= new ExpandedTile(this.hasher));
    tile.push(hash);
    if (tile.width < TILE_WIDTH) return;
    const tileIndex = Math.floor(index / TILE_WIDTH);
    changed.push({ level, index: tileIndex, bytes: tile.bytes() });
    this.#remember(tileNumber(level, tileIndex), tile);
    this.#edge[level] = new ExpandedTile(this.hasher);
    this.#push(level + 1, tileIndex, tile.top(), changed);
  }

  /** Root of the tree of the first `size` leaves. */
  root(size = this.#size): Uint8Array {
    this.#assertSize(size);
    return hashOfRange(this.hasher, this.node, 0, size);
  }

  /** MTH of the leaves from this one on, in the tree of the first `size` leaves (RFC 6962 §2.1). */
  rangeHash(from: number, size: number): Uint8Array {
    this.#assertSize(size);
    return hashOfRange(this.hasher, this.node, from, size);
  }

  /** Proof that the leaf at `index` stands in the tree of the first `size` leaves. */
  inclusion(index: number, size: number): readonly Uint8Array[] {
    this.#assertSize(size);
    return inclusionProof(this.hasher, this.node, index, size);
  }

  /** Proof that the tree of `newer` leaves begins with that of `older`. */
  consistency(older: number, newer: number): readonly Uint8Array[] {
    this.#assertSize(newer);
    return consistencyProof(this.hasher, this.node, older, newer);
  }

  /** The hashes of a tile, as many as there are in the tree of the first `size` leaves; undefined where there is none. */
  tile(level: number, index: number, size = this.#size): Uint8Array | undefined {
    this.#assertSize(size);
    const width = tileWidth(level, index, size);
    return width === 0
      ? undefined
      : this.#tile(level, index)
          .bytes()
          .subarray(0, width * HASH_BYTES);
  }

  #assertSize(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.#size) throw new RangeError('the tree has not had this size yet');
  }

  /** Hash of a whole subtree, leaves being level 0. */
  readonly node: NodeReader = (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const row = level % TILE_HEIGHT;
    const width = TILE_WIDTH >> row;
    const tileIndex = Math.floor(index / width);
    return this.#tile(tileLevel, tileIndex).node(row, index - tileIndex * width);
  };

  #tile(level: number, index: number): ExpandedTile {
    const edge = this.#edge[level];
    if (edge && tileWidth(level, index, this.#size) < TILE_WIDTH) return edge;
    const name = tileNumber(level, index);
    const cached = this.#cache.get(name);
    if (cached) return cached;
    const bytes = this.readTile(level, index);
    if (bytes?.length !== TILE_WIDTH * HASH_BYTES) throw new DamagedTile(`the full tile ${level}/${index} is missing`);
    const tile = new ExpandedTile(this.hasher, bytes);
    // up to the edge, which is in memory: nothing that is read is taken for what it is not
    if (!sameHash(tile.top(), this.node((level + 1) * TILE_HEIGHT, index))) throw new DamagedTile(`the tile ${level}/${index} is not the one of this tree`);
    return this.#remember(name, tile);
  }

  #remember(name: number, tile: ExpandedTile): ExpandedTile {
    if (this.#cache.size >= TILES_CACHED_MAX) this.#cache.delete(this.#cache.keys().next().value as number);
    this.#cache.set(name, tile);
    return tile;
  }
}
