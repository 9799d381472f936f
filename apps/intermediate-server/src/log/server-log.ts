import type { Party, Stored } from '#libs/commands';
import { proveStored } from '#libs/commands';
import type { Message } from '#libs/kernel';
import type { Place, SharedProof } from '#libs/protocol';

/** One proof for what was asked, and a place in it for each event. */
export interface Proof {
  readonly proof: SharedProof;
  readonly places: readonly Place[];
}

/**
 * This server's log as its answers and calls need it: nothing that tells of a recorded event leaves before the log holds
 * it. Waited for where something leaves (an agency's answer, an interface system's, a call to one) and nowhere else, once a
 * request or batch: what is under way inside needs the store's durability only.
 */
export class ServerLog {
  constructor(private readonly party: Pick<Party, 'ledger' | 'recorder'>) {}

  /**
   * Resolves when everything that was recorded so far is in the log; at once where none is kept. Rejects where that cannot be
   * said (LEDGER_UNAVAILABLE, LEDGER_CLOSED): nothing may leave then.
   */
  async caughtUp(): Promise<void> {
    await this.party.ledger?.integrated(this.party.recorder.newest);
  }

  /** The same before an answer is given, a refusal too: it may tell of what is on record. */
  async after<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      await this.caughtUp();
    }
  }

  /** Waits likewise, then proves stored events under the newest checkpoint; undefined where there are none, or no log is kept. */
  async prove(stored: readonly Stored<Message>[]): Promise<Proof | undefined> {
    await this.caughtUp();
    const { ledger } = this.party;
    return ledger === undefined || stored.length === 0 ? undefined : proveStored(ledger, stored);
  }
}
