/** `GET /provisions/held`: the work list of what waits for an official. */
export interface HeldProvision {
  readonly exchangeId: string;
  readonly requester: string;
  readonly requesterInstitution?: string;
  readonly affair: string;
  readonly procedure?: string;
  readonly information: string;
  readonly dataset?: string;
  readonly period?: string;
  /** Left out where the server knows no such person. */
  readonly inAgencyNumber?: string;
  readonly reason: string;
  readonly heldAt: string;
  /** The official decides before this instant, or the query lapses. */
  readonly validUntil: string;
}
export interface HeldProvisionPage {
  readonly provisions: readonly HeldProvision[];
  readonly next?: string;
}

/** `POST /provisions/:exchangeId/release` */
export interface ReleaseProvisionRequest {
  readonly department: string;
}
/** There is no statutory discretion to refuse: a non-answer is operational. */
export const END_REASONS = ['NO_RECORD', 'NO_REPLICA', 'WRONG_PERSON', 'UNDER_CORRECTION'] as const;
/** `POST /provisions/:exchangeId/end` */
export interface EndProvisionRequest {
  readonly department: string;
  readonly reason: (typeof END_REASONS)[number];
}
export interface EndedProvision {
  readonly exchangeId: string;
  readonly outcome: 'made' | 'not-made';
  readonly reason?: string;
}
