import { type EventStore, PAGE_EVENTS_MAX, START } from '#libs/event-store';
import { leafHash, nativeHasher, TileTree } from '#libs/ledger';
import { sameHash } from '#libs/proofs';

/** What a store still has of what a checkpoint commits to. */
export type Remaining =
  | { readonly status: 'all' }
  /** It ends before the checkpoint does. */
  | { readonly status: 'shorter'; readonly entriesLost: number }
  /** It is as long or longer, but holds other entries: what was lost cannot be told from the checkpoint alone. */
  | { readonly status: 'different' };

/** Reads the store up to the checkpoint's size, and makes its root again. */
export async function remainingOf(
  store: Pick<EventStore, 'readAll'>,
  { size, root }: { readonly size: number; readonly root: Uint8Array },
): Promise<Remaining> {
  // whole tiles are not read again: the root of what was just appended needs the right edge alone
  const tree = new TileTree(nativeHasher, () => undefined);
  let after = START;
  while (tree.size < size) {
    const { events, next, atEnd } = await store.readAll({ after, limit: Math.min(PAGE_EVENTS_MAX, size - tree.size) });
    tree.append(events.map(({ bytes }) => leafHash(bytes)));
    if (atEnd && tree.size < size) return { status: 'shorter', entriesLost: size - tree.size };
    after = next;
  }
  return { status: sameHash(tree.root(), root) ? 'all' : 'different' };
}
