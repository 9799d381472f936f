import { fromBase64, toBase64 } from '../notes/signed-note.js';
import { HASH_BYTES, type Hasher, sameHash } from '../tree/hasher.js';
import { rootOfInclusion } from '../tree/verify-proofs.js';

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
  const hashes: Uint8Array[] = [];
  for (const text of texts) {
    const bytes = fromBase64(text);
    if (bytes?.length !== HASH_BYTES) return undefined;
    hashes.push(bytes);
  }
  return hashes;
}

/** Verifies the places of one batch under one tree head. Inner nodes that several paths pass are hashed once. */
export class BatchInclusion {
  readonly #hasher: Hasher;
  readonly #nodes: readonly Uint8Array[] | undefined;

  constructor(
    hasher: Hasher,
    nodes: readonly string[],
    private readonly head: { readonly size: number; readonly root: Uint8Array },
  ) {
    this.#hasher = remembering(hasher);
    this.#nodes = decodeHashes(nodes);
  }

  /** True where the leaf hash stands at this place of the tree. */
  includes(leaf: Uint8Array, { index, path }: Place): boolean {
    if (!this.#nodes) return false;
    const proof: Uint8Array[] = [];
    for (const at of path) {
      const node = this.#nodes[at];
      if (node === undefined) return false;
      proof.push(node);
    }
    const root = rootOfInclusion(this.#hasher, leaf, index, this.head.size, proof);
    return root !== undefined && sameHash(root, this.head.root);
  }
}

/** The same hashes, each pair hashed once. */
function remembering(hasher: Hasher): Hasher {
  const known = new Map<string, Uint8Array>();
  return {
    leaf: (bytes) => hasher.leaf(bytes),
    empty: () => hasher.empty(),
    node: (left, right) => {
      const pair = textOf(left) + textOf(right);
      const found = known.get(pair) ?? hasher.node(left, right);
      known.set(pair, found);
      return found;
    },
  };
}

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
