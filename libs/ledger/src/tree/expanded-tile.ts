import { HASH_BYTES, type Hasher, TILE_HEIGHT, TILE_WIDTH } from '#libs/proofs';

/**
 * A tile with the nodes above its hashes, each computed when it is first asked for. Whole subtrees never change, so a
 * partial tile may grow under its nodes.
 */
export class ExpandedTile {
  readonly #rows: (Uint8Array | undefined)[][];

  constructor(
    private readonly hasher: Hasher,
    hashes: Uint8Array = new Uint8Array(0),
  ) {
    this.#rows = Array.from({ length: TILE_HEIGHT }, () => []);
    for (let offset = 0; offset < hashes.length; offset += HASH_BYTES) this.push(hashes.subarray(offset, offset + HASH_BYTES));
  }

  get width(): number {
    return this.#bottom.length;
  }

  get #bottom(): (Uint8Array | undefined)[] {
    return this.#rows[0] as (Uint8Array | undefined)[];
  }

  push(hash: Uint8Array): void {
    if (this.width >= TILE_WIDTH) throw new RangeError('the tile is full');
    this.#bottom.push(hash);
  }

  /** Node of row 0 (the tile's hashes) to 7, whole subtrees only. */
  node(row: number, index: number): Uint8Array {
    const nodes = this.#rows[row];
    const known = nodes?.[index];
    if (known) return known;
    if (!nodes || row === 0) throw new RangeError('no such node in this tile');
    return (nodes[index] = this.hasher.node(this.node(row - 1, index * 2), this.node(row - 1, index * 2 + 1)));
  }

  /** Hash over all 256: what the tile above holds of this one. */
  top(): Uint8Array {
    return this.hasher.node(this.node(TILE_HEIGHT - 1, 0), this.node(TILE_HEIGHT - 1, 1));
  }

  /** The tile's hashes, 32 bytes each, as they are stored and served. */
  bytes(): Buffer {
    return Buffer.concat(this.#bottom as Uint8Array[]);
  }
}
