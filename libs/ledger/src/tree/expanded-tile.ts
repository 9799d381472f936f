import { HASH_BYTES, TILE_HEIGHT, TILE_WIDTH } from '#libs/proofs';
import type { TreeHasher } from './native-hasher.js';

/** 256 hashes, the 128 above them, and so on up to the one over all. */
const NODES = 2 * TILE_WIDTH - 1;
const offsetOf = (row: number, index: number): number => (2 * TILE_WIDTH - ((2 * TILE_WIDTH) >> row) + index) * HASH_BYTES;

/**
 * A tile with the nodes above its hashes, in one piece of memory: row after row, so that a node's two children lie side by
 * side. A node is hashed as soon as its subtree is whole. What was written once never changes: views of it may be kept.
 */
export class ExpandedTile {
  readonly #nodes = Buffer.alloc(NODES * HASH_BYTES);
  #width = 0;

  /** `hashes`: those that the tile starts with, 32 bytes each. */
  constructor(
    private readonly hasher: TreeHasher,
    hashes: Uint8Array = new Uint8Array(0),
  ) {
    this.#nodes.set(hashes);
    const width = hashes.length / HASH_BYTES;
    while (this.#width < width) this.#grow();
  }

  get width(): number {
    return this.#width;
  }

  push(hash: Uint8Array): void {
    if (this.#width >= TILE_WIDTH) throw new RangeError('the tile is full');
    const offset = this.#width * HASH_BYTES;
    for (let at = 0; at < HASH_BYTES; at += 1) this.#nodes[offset + at] = hash[at] as number;
    this.#grow();
  }

  /** The next hash has been written: so are the nodes that it completes. */
  #grow(): void {
    for (let row = 0, index = this.#width; row < TILE_HEIGHT && index % 2 === 1; row += 1) {
      index = (index - 1) / 2;
      this.hasher.nodeWithin(this.#nodes, offsetOf(row, index * 2), offsetOf(row + 1, index));
    }
    this.#width += 1;
  }

  /** Node of row 0 (the tile's hashes) to 8 (the one over all 256), whole subtrees only. */
  node(row: number, index: number): Buffer {
    if (row < 0 || row > TILE_HEIGHT || index < 0 || (index + 1) * 2 ** row > this.#width) throw new RangeError('no such node in this tile');
    const offset = offsetOf(row, index);
    return this.#nodes.subarray(offset, offset + HASH_BYTES);
  }

  /** Hash over all 256: what the tile above holds of this one. */
  top(): Buffer {
    return this.node(TILE_HEIGHT, 0);
  }

  /** The tile's hashes, 32 bytes each, as they are served. */
  bytes(): Buffer {
    return this.#nodes.subarray(0, this.#width * HASH_BYTES);
  }
}
