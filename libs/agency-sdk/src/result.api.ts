/** `GET /results`: what lies in the mailbox. Holds no data and no person. */
export interface ResultReference {
  readonly exchangeId: string;
  readonly applicationId?: string;
  readonly provider: string;
  readonly information: string;
  readonly items: readonly string[];
  readonly providedAt: string;
  readonly receivedAt: string;
  readonly keptUntil: string;
}
export interface ResultPage {
  readonly results: readonly ResultReference[];
  /** Goes into `after` of the next request; left out on the last page. */
  readonly next?: string;
}

/** One replica (副本) as it was provided, in the current layout. */
export interface ProvidedReplica {
  readonly information: string;
  readonly dataset: string;
  readonly period?: string;
  readonly layout: string;
  readonly content: Readonly<Record<string, unknown>>;
}
/** `GET /results/:exchangeId` */
export interface Result extends ResultReference {
  readonly inAgencyNumber: string;
  readonly replicas: readonly ProvidedReplica[];
}

/** `POST /results/acknowledgements`: the data is deleted from the mailbox. Sent again, it is acknowledged again. */
export interface AcknowledgeResultLine {
  readonly exchangeId: string;
}
