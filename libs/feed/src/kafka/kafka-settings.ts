/** How a server reaches the brokers. */
export interface KafkaConnection {
  /** `host:port` */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly sasl?: { readonly mechanism: 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string };
  /** Certificate of the brokers' authority, PEM; without it the connection is not encrypted. */
  readonly ca?: string;
}

/** Limits of the relay's calls, units last in the name. Tests may set them lower. */
export interface KafkaLimits {
  readonly connectTimeoutMs: number;
  /** One request and its answer. */
  readonly requestTimeoutMs: number;
  /** One whole step, retries inside: finding the place, or one transaction. */
  readonly stepTimeoutMs: number;
  readonly closeTimeoutMs: number;
}
export const KAFKA_LIMITS: KafkaLimits = { connectTimeoutMs: 5_000, requestTimeoutMs: 15_000, stepTimeoutMs: 60_000, closeTimeoutMs: 5_000 };

/** What is called how in Kafka, for the relay of one server. */
export interface RelayNames {
  readonly deployment: string;
  readonly party: string;
  /** Of agencies' topics. */
  readonly topicPrefix: string;
}
export const agencyTopic = ({ topicPrefix }: Pick<RelayNames, 'topicPrefix'>, agency: string): string => topicPrefix + agency;
/** The compacted topic of the relay's own: `renkei.relay.<party>` beside `renkei.agency.<agency>`. */
export const positionTopic = ({ topicPrefix, party }: Pick<RelayNames, 'topicPrefix' | 'party'>): string =>
  `${topicPrefix.replace(/agency[._-]$/, '')}relay.${party}`;
/** Transactional id, and first part of the names of the groups that read the position. */
export const relayName = ({ deployment, party }: Pick<RelayNames, 'deployment' | 'party'>): string => `renkei-relay-${deployment}-${party}`;
