import { type EventOf, eventType, optional, protectedText, text } from '#libs/kernel';

/** Names one replica of a person: information, data set and period. The person is the stream. */
export const replicaKey = { information: text, dataset: text, period: optional(text) } as const;

const version = {
  ...replicaKey,
  /** Version of the data standard layout (データ標準レイアウト) that the content is written in, e.g. `2019-06-17`. */
  layout: text,
  /** The content, canonical JSON text, at most 45,000 bytes. */
  content: protectedText,
  /** SHA-256 HMAC of key and content under the server's secret: a repeat changes nothing. */
  contentDigest: text,
} as const;

/** Stream `replica-<HMAC of agency and in-agency number>`. */
export const ReplicaRegistered = eventType('ReplicaRegistered', version);
export const ReplicaCorrected = eventType('ReplicaCorrected', version);
export const ReplicaWithdrawn = eventType('ReplicaWithdrawn', replicaKey);

/** 自動応答不可: for the person (no information named) or for one information. An official answers. */
const scope = { information: optional(text), department: text } as const;
export const AutomaticAnswerBlocked = eventType('AutomaticAnswerBlocked', scope);
export const AutomaticAnswerUnblocked = eventType('AutomaticAnswerUnblocked', scope);
/** 提供側不開示: the fact of a provision is sealed (art. 23(2)). Nothing to do with blocking. */
export const NonDisclosureSet = eventType('NonDisclosureSet', scope);
export const NonDisclosureLifted = eventType('NonDisclosureLifted', scope);
export const replicaEventTypes = [
  ReplicaRegistered,
  ReplicaCorrected,
  ReplicaWithdrawn,
  AutomaticAnswerBlocked,
  AutomaticAnswerUnblocked,
  NonDisclosureSet,
  NonDisclosureLifted,
] as const;
export type ReplicaEvent = EventOf<(typeof replicaEventTypes)[number]>;
