import type { Decider } from '#libs/kernel';
import type { LogEvent } from './log.events.js';

export interface RecordAccess {
  readonly type: 'RecordAccess';
  readonly data: { readonly auditor: string; readonly from: number; readonly to: number };
}

/** One reading of an auditor's, stream `ledger-access.<UUIDv7>`: recorded before the entries are given out. */
export const accessDecider: Decider<null, RecordAccess, LogEvent> = {
  initialState: null,
  decide: ({ data }) => [{ type: 'EntriesRead', data }],
  evolve: () => null,
};
