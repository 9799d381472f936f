/** What an operator may choose; milliseconds unless said otherwise. Business time where it is compared with `at`. */
export interface CoreSettings {
  /** How long a provider may take to answer: `validUntil` = decision + this. */
  readonly queryValidityMs: number;
  /** A first submission may be this old at most (business time); a repeat of what was decided may be older. */
  readonly queryAgeMsMax: number;
  /** How far ahead of the core's clock another server's instants may lie. */
  readonly clockSkewMs: number;
  /** How long an acquisition number is good for. */
  readonly acquisitionValidityMs: number;
  /** Exchanges that the notifier keeps in memory; more wait in the read model. */
  readonly openExchangesMax: number;
  /** An answered exchange whose receipt is missing is driven for so long after `validUntil`. */
  readonly driveMsMax: number;
  /** Identifier states kept in memory. */
  readonly identifiersCachedMax: number;
  /** How long after its end an exchange is reconciled (business time), and how long what one party recorded may take to reach the others. */
  readonly reconcileAfterMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const CORE_SETTINGS: CoreSettings = {
  // an automatic answer takes seconds; who lets officials hold answers for long sets more
  queryValidityMs: 60 * MINUTE_MS,
  queryAgeMsMax: 7 * DAY_MS,
  clockSkewMs: 5 * MINUTE_MS,
  acquisitionValidityMs: DAY_MS,
  openExchangesMax: 200_000,
  driveMsMax: 14 * DAY_MS,
  identifiersCachedMax: 1_000_000,
  reconcileAfterMs: MINUTE_MS,
};
