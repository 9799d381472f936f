import { fromBase64, toBase64 } from '../notes/base64.js';
import { HASH_BYTES, type Hasher, sameHash } from '../tree/hasher.js';
import { PROOF_HASHES_MAX, rootOfInclusion } from '../tree/verify-proofs.js';

/**
 * What proves the records of one batch: one signed checkpoint, and the hashes that their inclusion proofs are made of.
 * Records of one commit are neighbours in the tree: most of their paths are the same hashes, which travel once.
 */
export interface BatchProof {
  /** Signed note (C2SP tlog-checkpoint). */
  readonly checkpoint: string;
  /** Hashes, 32 bytes each in base64, in no particular order. */
  readonly nodes: readonly string[];
  /** From a checkpoint that the receiver has seen to this one (RFC 9162 §2.1.4). */
  readonly consistency?: ConsistencyProof;
}
export interface ConsistencyProof {
  /** Size of the older tree. */
  readonly from: number;
  /** 32 bytes each, base64. */
  readonly hashes: readonly string[];
}
/** Where one record stands in the tree: its leaf's index, and its inclusion proof from the leaf up, as places in `nodes`. */
export interface Place {
  readonly index: number;
  readonly path: readonly number[];
}

/** Hashes as they travel: 32 bytes in base64. */
export const encodeHashes = (hashes: readonly Uint8Array[]): string[] => hashes.map(toBase64);

/** Undefined where one of them is not 32 bytes of canonical base64. */
export function decodeHashes(texts: readonly string[]): Uint8Array[] | undefined {
  const hashes = new Array<Uint8Array>(texts.length);
  for (let at = 0; at < texts.length; at += 1) {
    const bytes = fromBase64(texts[at] as string);
    if (bytes?.length !== HASH_BYTES) return undefined;
    hashes[at] = bytes;
  }
  return hashes;
}

const isPlaceIn = (size: number, index: number, path: unknown): boolean =>
  Number.isSafeInteger(index) && index >= 0 && index < size && Array.isArray(path) && path.length <= PROOF_HASHES_MAX;

/** A node of the tree that is proved: what it is, its sibling, and the path that is left above both. */
interface Proved {
  readonly hash: Uint8Array;
  readonly sibling: Uint8Array;
  readonly path: readonly number[];
  readonly above: number;
}
interface Step {
  readonly level: number;
  readonly at: number;
  readonly proved: Proved;
}

/**
 * Verifies the places of one batch under one tree head. A path is followed to the first node that another path of the
 * batch has proved, and must go on as that one does: neighbours cost a hash or two each.
 */
export class BatchInclusion {
  readonly #nodes: readonly Uint8Array[] | undefined;
  /** By level, then by index in it: positions are those of the tree of this size. */
  readonly #proved: Map<number, Proved>[] = [];

  constructor(
    private readonly hasher: Hasher,
    nodes: readonly string[],
    private readonly head: { readonly size: number; readonly root: Uint8Array },
  ) {
    this.#nodes = decodeHashes(nodes);
  }

  /** True where the leaf hash stands at this place of the tree. */
  includes(leaf: Uint8Array, { index, path }: Place): boolean {
    const { size, root } = this.head;
    if (!this.#nodes || leaf.length !== HASH_BYTES || !isPlaceIn(size, index, path)) return false;
    const steps: Step[] = [];
    let at = index;
    let last = size - 1;
    let level = 0;
    let hash = leaf;
    for (let step = 0; step < path.length; step += 1) {
      const proved = this.#proved[level]?.get(at);
      if (proved) return this.#joins(proved, hash, path, step) ? this.#keep(steps) : this.#leadsToRoot(leaf, index, path);
      const node = this.#nodes[path[step] as number];
      if (node === undefined || last === 0) return false;
      const above = step + 1;
      steps.push({ level, at, proved: { hash, sibling: node, path, above } });
      const isRight = at % 2 === 1;
      if (isRight || at < last) steps.push({ level, at: isRight ? at - 1 : at + 1, proved: { hash: node, sibling: hash, path, above } });
      if (isRight || at === last) {
        hash = this.hasher.node(node, hash);
        while (at % 2 === 0 && at !== 0) {
          at /= 2;
          last = Math.floor(last / 2);
          level += 1;
        }
      } else {
        hash = this.hasher.node(hash, node);
      }
      at = Math.floor(at / 2);
      last = Math.floor(last / 2);
      level += 1;
    }
    return last === 0 && sameHash(hash, root) && this.#keep(steps);
  }

  /** True where the rest of the path is the one that was proved. */
  #joins({ hash, sibling, path: provedPath, above }: Proved, own: Uint8Array, path: readonly number[], step: number): boolean {
    const node = this.#nodes?.[path[step] as number];
    if (node === undefined || path.length - step !== provedPath.length - above + 1 || !sameHash(own, hash) || !sameHash(node, sibling)) return false;
    for (let at = step + 1, other = above; at < path.length; at += 1, other += 1) if (path[at] !== provedPath[other]) return false;
    return true;
  }

  #keep(steps: readonly Step[]): true {
    for (const { level, at, proved } of steps) (this.#proved[level] ??= new Map()).set(at, proved);
    return true;
  }

  /** The whole path, where it is another one than a neighbour's. */
  #leadsToRoot(leaf: Uint8Array, index: number, path: readonly number[]): boolean {
    const nodes: Uint8Array[] = [];
    for (const at of path) {
      const node = this.#nodes?.[at];
      if (node === undefined) return false;
      nodes.push(node);
    }
    const root = rootOfInclusion(this.hasher, leaf, index, this.head.size, nodes);
    return root !== undefined && sameHash(root, this.head.root);
  }
}
