import { factsOf } from '#libs/domain';
import type { ProtectedFields } from '#libs/cryptography';
import type { DecideQueryLine } from '#libs/protocol';
import { sealedOf } from '../subject/subjects.js';
import { type QueryHistory, submittedOf } from './query-state.js';

/** A recorded query without a decision. */
export interface Undecided {
  readonly line: DecideQueryLine;
  readonly history: QueryHistory;
}

/** What the core is asked for a recorded query: built from its stored bytes, with the identifier as it stood then. */
export function decideLineOf(exchangeId: string, history: QueryHistory, requesterIdentifier: string): DecideQueryLine {
  return { exchangeId, requesterIdentifier, queryLeaf: history[0]?.leaf ?? '', ...factsOf(submittedOf(history)) };
}

/** The same for queries read back; one whose month's key was destroyed can't be asked any more and is left out. */
export function undecidedOf(
  fields: ProtectedFields,
  queries: readonly { readonly exchangeId: string; readonly history: QueryHistory }[],
): readonly Undecided[] {
  const opened = fields.openAll(queries.map(({ history }) => sealedOf(submittedOf(history).identifier)));
  return queries.flatMap(({ exchangeId, history }, at) => {
    const identifier = opened[at];
    return identifier && !identifier.erased ? [{ line: decideLineOf(exchangeId, history, identifier.value), history }] : [];
  });
}
