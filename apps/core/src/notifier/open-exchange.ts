import type { ExchangeEvent } from '#libs/domain';
import type { Stored } from '#libs/commands';

/** How far an exchange has come, as far as driving it goes. */
export type Phase =
  /** The provider has said nothing yet. */
  | 'awaited'
  /** An official of the provider's has it. */
  | 'held'
  /** The provider has answered; the requester's receipt is missing. */
  | 'answered';

/** A permitted exchange that has not ended, as the notifier keeps it. */
export interface OpenExchange {
  readonly exchangeId: string;
  readonly provider: string;
  readonly validUntilMs: number;
  phase: Phase;
  /** How often the provider's side was tried. */
  attempts: number;
  /** It was taken at least once: whatever comes of it is then the provider's doing. */
  accepted: boolean;
  lastObstacle?: string;
  /** The decision as just recorded, until it was taken for the first time; later it is read again. */
  decision?: Stored<ExchangeEvent>;
  /** The lane that it waits in. */
  lane?: string;
}

/** What the read model tells of one that has not ended. */
export interface OpenExchangeRow {
  readonly exchangeId: string;
  readonly provider: string;
  readonly validUntil: string;
  readonly phase: Phase;
}

/** Where the notifier refills from: after a restart, and when more were open than it keeps. */
export abstract class OpenExchanges {
  /** Exchanges without an end, by id, after the one named; at most `limit`. May lag behind what was recorded. */
  abstract page(after: string | undefined, limit: number): Promise<readonly OpenExchangeRow[]>;
  /** Resolves to true when everything recorded by now is seen by `page`; to false where that will take long: the view is being rebuilt by new code. */
  abstract caughtUp(): Promise<boolean>;
}
