import { leafHash } from '../tree/leaf-hash.js';
import { nativeHasher } from '../tree/native-hasher.js';
import { type ReadTile, TileTree } from '../tree/tile-tree.js';
import { sameHash } from '#libs/proofs';
import { fromStored } from './checkpoint-signer.js';
import { aheadOfStore, asDamage, contradicted, damaged, LedgerUnavailable } from './errors.js';
import type { LedgerSource, SignedCheckpoint } from './ledger.js';
import type { LedgerFile, StoredState } from './ledger-file.js';
import { Positions } from './positions.js';

export interface LoadedLog {
  readonly tree: TileTree;
  readonly positions: Positions;
  readonly checkpoint: SignedCheckpoint | undefined;
}

/** The tree and positions that a file holds; empty ones where it holds none. Throws LEDGER_DAMAGED where they do not fit each other. */
export function loadLog(file: LedgerFile, state: StoredState | undefined, readTile: ReadTile = (level, index) => file.tile(level, index)): LoadedLog {
  const readBundle = file.bundle.bind(file);
  if (state === undefined) return { tree: new TileTree(nativeHasher, readTile), positions: new Positions(readBundle), checkpoint: undefined };
  const checkpoint = fromStored(state.checkpoint);
  try {
    const tree = TileTree.load(nativeHasher, readTile, state.size);
    const positions = Positions.load(readBundle, state.size);
    if (checkpoint.origin !== state.origin || checkpoint.size > state.size || positions.last !== Number(state.position))
      throw damaged('its state fits nothing');
    if (!sameHash(tree.root(checkpoint.size), checkpoint.root)) throw damaged('its tree is not the one of its checkpoint');
    return { tree, positions, checkpoint };
  } catch (error) {
    throw asDamage(error);
  }
}

/**
 * Whether the store still has what the tree was made of: its last entry, with the same bytes. Throws
 * LEDGER_AHEAD_OF_STORE, LEDGER_CONTRADICTED, LEDGER_UNAVAILABLE.
 */
export async function checkAgainst(source: LedgerSource, { tree, positions }: LoadedLog): Promise<void> {
  if (tree.size === 0) return;
  const position = BigInt(positions.last);
  const [event] = (await read(source, position)).events;
  if (event === undefined) throw aheadOfStore(tree.size);
  if (event.position !== position || !sameHash(leafHash(event.bytes), tree.node(0, tree.size - 1))) throw contradicted(tree.size - 1);
}

const read = (source: LedgerSource, position: bigint): ReturnType<LedgerSource['readAll']> =>
  source.readAll({ after: position - 1n, limit: 1 }).catch((cause: unknown) => {
    throw new LedgerUnavailable('the store that the ledger follows cannot be read', { cause });
  });
