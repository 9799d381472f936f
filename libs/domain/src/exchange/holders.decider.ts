import type { ClearField, Decider } from '#libs/kernel';
import type { HolderEvent } from './holders.events.js';

export interface TellHolders {
  readonly type: 'TellHolders';
  readonly data: {
    readonly requester: string;
    readonly requesterInstitution?: string;
    readonly affair: string;
    readonly information: string;
    readonly department: string;
    readonly askedAt: string;
    readonly subject: ClearField;
    readonly holders: readonly string[];
    readonly reason?: string;
  };
}
export type HoldersRecord = { readonly told: boolean };

/** One question 'who has it?', stream `holders-<UUIDv7>`: asked and told in one append. */
export const holdersDecider: Decider<HoldersRecord, TellHolders, HolderEvent> = {
  initialState: { told: false },
  decide({ data: { holders, reason, ...asked } }, { told }) {
    if (told) return [];
    return [
      { type: 'HolderAsked', data: asked },
      { type: 'HolderTold', data: { holders, ...(reason === undefined ? {} : { reason }) } },
    ];
  },
  evolve: () => ({ told: true }),
};
