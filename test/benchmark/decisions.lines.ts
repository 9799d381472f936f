import { newExchangeId } from '#libs/cryptography';
import type { DecideQueryLine } from '#libs/protocol';

/** A person whom a requester asks a provider about, and the requester's identifier of that person. */
export interface Asked {
  readonly requester: string;
  readonly provider: string;
  readonly identifier: string;
}
export interface Asking {
  readonly asked: readonly Asked[];
  readonly affair: string;
  readonly information: string;
  readonly at: string;
}

/** SHA-256 in base64url, as the leaf of a requester's record is. */
const LEAF = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';

/** Lines of one run, each an exchange of its own, cut into batches. */
export function batchesOf({ asked, affair, information, at }: Asking, lines: number, linesABatch: number): DecideQueryLine[][] {
  const atMs = Date.parse(at);
  return Array.from({ length: lines / linesABatch }, (_, batch) =>
    Array.from({ length: linesABatch }, (__, index) => {
      const { requester, provider, identifier } = asked[(batch * linesABatch + index) % asked.length] as Asked;
      return {
        exchangeId: newExchangeId(atMs),
        requesterIdentifier: identifier,
        queryLeaf: LEAF,
        requester,
        provider,
        affair,
        information,
        period: '2020',
        department: 'child-welfare',
        nonDisclosure: false,
        requestedAt: at,
      };
    }),
  );
}

/** Runs tasks, at most `atOnce` at a time. */
export async function inFlight<T>(tasks: readonly (() => Promise<T>)[], atOnce: number): Promise<T[]> {
  const results = new Array<T>(tasks.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < tasks.length) {
      const index = next;
      next += 1;
      results[index] = await (tasks[index] as () => Promise<T>)();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
