import type { Message } from '#libs/kernel';
import type { Ledger } from '#libs/ledger';
import type { BatchProof, Place } from '#libs/proofs';
import type { Stored, StoredPlace } from './stored.js';

/**
 * Waits until the newest of these events is in the log, and proves them all under its newest checkpoint: one proof, and a
 * place in it for each event, in order. `seen`: a size that the receiver has verified; the proof then begins there.
 * Rejects with what the ledger rejects with (LEDGER_UNAVAILABLE, LEDGER_CLOSED): nothing may be answered then.
 */
export async function proveStored(
  ledger: Ledger,
  stored: readonly Stored<Message>[],
  seen?: number,
): Promise<{ readonly proof: BatchProof; readonly places: readonly Place[] }> {
  let newest = 0n;
  for (const { place } of stored) {
    if (place === undefined) throw new RangeError('only what was stored can be proved');
    if (place.position > newest) newest = place.position;
  }
  await ledger.integrated(newest);
  const indexes = new Array<number>(stored.length);
  for (let at = 0; at < stored.length; at += 1) {
    const { position, back } = stored[at]?.place as StoredPlace;
    indexes[at] = ledger.indexAt(position, back);
  }
  return ledger.prove(indexes, seen);
}
