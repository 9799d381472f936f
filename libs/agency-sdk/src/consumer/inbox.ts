/** What names an event for good (CloudEvents 1.0 §3.1.1): the same pair is the same event. */
export interface EventKey {
  readonly source: string;
  readonly id: string;
}

/**
 * Handles each event once, in the agency's own transaction. Contract, tested by `inbox.contract.ts`:
 * - `work` runs inside a transaction in which the event is also noted: what it wrote and the note are durable together, or
 *   neither is. Where it throws, nothing stays, and `once` rejects with what it threw.
 * - An event that was noted before is a `duplicate`: `work` does not run.
 * - Of calls at the same time for one event, `work` is committed by one; the others are duplicates or reject.
 */
export interface Inbox<Tx> {
  once(event: EventKey, work: (tx: Tx) => Promise<void>): Promise<'handled' | 'duplicate'>;
}

/** What the work of a memory inbox gets: effects that take place when the transaction is committed, and never where it fails. */
export interface MemoryTransaction {
  onCommit(effect: () => void): void;
}

/** Remembers in this process alone: for tests. One event at a time. */
export function memoryInbox(): Inbox<MemoryTransaction> {
  const noted = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();
  const attempt = async ({ source, id }: EventKey, work: (tx: MemoryTransaction) => Promise<void>): Promise<'handled' | 'duplicate'> => {
    const key = JSON.stringify([source, id]);
    if (noted.has(key)) return 'duplicate';
    const effects: (() => void)[] = [];
    await work({ onCommit: (effect) => void effects.push(effect) });
    for (const effect of effects) effect();
    noted.add(key);
    return 'handled';
  };
  return {
    once(event, work) {
      const result = last.then(() => attempt(event, work));
      last = result.catch(() => undefined); // told to its own caller
      return result;
    },
  };
}
