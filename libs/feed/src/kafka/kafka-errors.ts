import { RelayTrouble, type RelayTroubleCode } from '../relay/relay-trouble.js';

interface ErrorShape {
  readonly name?: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly message?: string;
  readonly cause?: unknown;
  readonly originalError?: unknown;
  readonly errors?: readonly unknown[];
}
const DEEP_MAX = 6;

const MESSAGES: Readonly<Partial<Record<RelayTroubleCode, string>>> = {
  KAFKA_UNREACHABLE: 'no broker can be reached',
  KAFKA_TIMEOUT: 'the brokers do not answer in time',
  KAFKA_LOGIN_REFUSED: 'the brokers refuse user, password or mechanism',
  KAFKA_CERTIFICATE_REFUSED: 'the certificate of the brokers is not one of the authority given, or they speak no TLS',
  KAFKA_ACCESS_REFUSED: 'the brokers do not allow this user what the relay must do: an ACL is missing',
  KAFKA_TOPIC_MISSING: 'a topic does not exist, or may not be seen',
  KAFKA_RELAY_DISPLACED: 'another relay of the same name has come',
  KAFKA_MESSAGE_REFUSED: 'the brokers take no message of this size or form',
  KAFKA_FAILED: 'the brokers answered with an error',
};

/** The first that fits tells; in the order of how much it says. */
const MEANINGS: readonly (readonly [RelayTroubleCode, RegExp])[] = [
  ['KAFKA_RELAY_DISPLACED', /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED|INVALID_PRODUCER_ID_MAPPING/],
  ['KAFKA_LOGIN_REFUSED', /KafkaJSSASLAuthenticationError|SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM|SASL .* mechanism/],
  ['KAFKA_ACCESS_REFUSED', /_AUTHORIZATION_FAILED/],
  ['KAFKA_TOPIC_MISSING', /UNKNOWN_TOPIC_OR_PARTITION|does not host this topic-partition/],
  ['KAFKA_MESSAGE_REFUSED', /MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE|INVALID_RECORD|INVALID_TIMESTAMP/],
  ['KAFKA_CERTIFICATE_REFUSED', /\b(?:CERT_|[A-Z_]*_CERT(?:_[A-Z]+)*\b|UNABLE_TO_|EPROTO|ERR_TLS|ERR_SSL)|certificate/],
  ['KAFKA_TIMEOUT', /KafkaJSRequestTimeoutError|KafkaJSTimeout|REQUEST_TIMED_OUT|timed out|Connection timeout/],
  [
    'KAFKA_UNREACHABLE',
    /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|KafkaJSConnection|not connected|KafkaJSNoBrokerAvailable|KafkaJSBrokerNotFound|KafkaJSGroupCoordinatorNotFound/,
  ],
];

/** What can be matched of an error and all that lies beneath it: names and codes, and the driver's own fixed words. */
function wordsOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > DEEP_MAX) return '';
  const { name, type, code, message, cause, originalError, errors = [] } = error as ErrorShape;
  return [name, type, code, message, ...[cause, originalError, ...errors.slice(0, 1)].map((inner) => wordsOf(inner, depth + 1))].join(' ');
}

/** An error of the driver in our own words: nothing of its text is repeated. `what` names the topic, where one is meant. */
export function kafkaTrouble(error: unknown, what?: string): RelayTrouble {
  if ((error as ErrorShape | undefined)?.name === 'RelayTrouble') return error as RelayTrouble;
  const words = wordsOf(error);
  const code = MEANINGS.find(([, pattern]) => pattern.test(words))?.[0] ?? 'KAFKA_FAILED';
  const message = MESSAGES[code] ?? 'the brokers answered with an error';
  return new RelayTrouble(code, what === undefined ? message : `${message} (${what})`, { cause: error });
}
