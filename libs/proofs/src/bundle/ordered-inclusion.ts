import { HASH_BYTES, type Hasher, sameHash } from '../tree/hasher.js';
import { PROOF_HASHES_MAX } from '../tree/verify-proofs.js';

/** How many hashes an inclusion proof has (RFC 9162 §2.1.3.2). */
function pathLength(index: number, size: number): number {
  let hashes = 0;
  let at = index;
  for (let last = size - 1; last > 0; last = Math.floor(last / 2)) {
    if (at % 2 === 1 || at !== last) hashes += 1;
    at = Math.floor(at / 2);
  }
  return hashes;
}

/** Steps of one path: the level, place in it and hash that each led to, by how many steps are left to the root. */
class Climb {
  readonly levels = new Float64Array(PROOF_HASHES_MAX + 1);
  readonly places = new Float64Array(PROOF_HASHES_MAX + 1);
  readonly hashes = new Array<Uint8Array>(PROOF_HASHES_MAX + 1);

  set(left: number, level: number, place: number, hash: Uint8Array): void {
    this.levels[left] = level;
    this.places[left] = place;
    this.hashes[left] = hash;
  }
}

/**
 * Verifies the inclusion of leaves of one tree. A path is climbed only up to where it meets the one verified before it, so
 * that of leaves in the order of their index each inner node is hashed once; what is kept is one path. The outcome is that
 * of `verifyInclusion` for each, in whatever order they come.
 */
export class OrderedInclusion {
  /** The path verified last, its steps, and room for the next one's. */
  #path: readonly number[] = [];
  readonly #before = new Climb();
  readonly #climb = new Climb();
  #verified = false;

  constructor(
    private readonly hasher: Hasher,
    private readonly nodes: readonly Uint8Array[],
    private readonly head: { readonly size: number; readonly root: Uint8Array },
  ) {}

  includes(leaf: Uint8Array, index: number, path: readonly number[]): boolean {
    const { size, root } = this.head;
    if (index >= size || leaf.length !== HASH_BYTES || path.length !== pathLength(index, size)) return false;
    let level = 0;
    let at = index;
    let last = size - 1;
    let hash = leaf;
    this.#climb.set(path.length, level, at, hash);
    for (let left = path.length; left > 0; left -= 1) {
      if (this.#meets(level, at, hash, path, left)) return this.#keep(path, left);
      const node = this.nodes[path[path.length - left] as number];
      if (node === undefined) return false;
      while (at % 2 === 0 && at === last) {
        level += 1;
        at /= 2;
        last = Math.floor(last / 2);
      }
      hash = at % 2 === 1 ? this.hasher.node(node, hash) : this.hasher.node(hash, node);
      level += 1;
      at = Math.floor(at / 2);
      last = Math.floor(last / 2);
      this.#climb.set(left - 1, level, at, hash);
    }
    return sameHash(hash, root) && this.#keep(path, -1);
  }

  /** True where the path before stood at the same place with the same hash, and goes on from there by the same nodes. */
  #meets(level: number, at: number, hash: Uint8Array, path: readonly number[], left: number): boolean {
    const { levels, places, hashes } = this.#before;
    if (!this.#verified || left > this.#path.length || levels[left] !== level || places[left] !== at || !sameHash(hashes[left] as Uint8Array, hash))
      return false;
    const ahead = this.#path.length - path.length;
    for (let step = path.length - left; step < path.length; step += 1) if (path[step] !== this.#path[step + ahead]) return false;
    return true;
  }

  /** Remembers a verified path; from where `left` steps are left on it is the one before. */
  #keep(path: readonly number[], left: number): true {
    const { levels, places, hashes } = this.#climb;
    for (let step = path.length; step > left; step -= 1) this.#before.set(step, levels[step] as number, places[step] as number, hashes[step] as Uint8Array);
    this.#path = path;
    this.#verified = true;
    return true;
  }
}
