/** Names one replica (副本) of a person. */
export interface ReplicaName {
  readonly inAgencyNumber: string;
  readonly information: string;
  readonly dataset: string;
  readonly period?: string;
}
/** `POST /replicas`: registers, or corrects what is there. */
export interface RegisterReplicaLine extends ReplicaName {
  /** Version of the data standard layout (データ標準レイアウト) that the content is written in. */
  readonly layout: string;
  readonly content: Readonly<Record<string, unknown>>;
}
/** `POST /replicas/withdrawals` */
export type WithdrawReplicaLine = ReplicaName;
export interface RecordedReplica {
  /** False: it stood there already, nothing was recorded. */
  readonly recorded: boolean;
}

/** `POST /replicas/blocks`, `/unblocks` (自動応答不可), `/non-disclosures`, `/non-disclosure-lifts` (提供側不開示). */
export interface ReplicaScopeLine {
  readonly inAgencyNumber: string;
  /** The whole person where it is left out. */
  readonly information?: string;
  readonly department: string;
}

/** `POST /replicas/search`: everything that is held of one person. */
export interface SearchReplicasRequest {
  readonly inAgencyNumber: string;
  readonly information?: string;
}
export interface HeldReplica {
  readonly information: string;
  readonly dataset: string;
  readonly period?: string;
  readonly layout: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly registeredAt: string;
}
export interface PersonReplicas {
  readonly replicas: readonly HeldReplica[];
  /** Informations that an official answers, and those whose provision is sealed; `*` is the whole person. */
  readonly blocked: readonly string[];
  readonly nonDisclosed: readonly string[];
}
