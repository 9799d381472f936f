import { DomainError } from '#libs/kernel';

/** Why a relay does not publish; each is tried again, with growing pauses. */
export type RelayTroubleCode =
  | 'KAFKA_UNREACHABLE' // no connection to any broker
  | 'KAFKA_TIMEOUT' // connected, and no answer in time
  | 'KAFKA_LOGIN_REFUSED' // user, password or mechanism
  | 'KAFKA_CERTIFICATE_REFUSED' // the brokers' certificate is not one of the authority given
  | 'KAFKA_ACCESS_REFUSED' // an ACL is missing
  | 'KAFKA_TOPIC_MISSING' // and this login may not make it
  | 'KAFKA_TOPIC_UNSUITABLE' // partitions, retention or compaction are not as they must be
  | 'KAFKA_POSITION_UNREADABLE' // the topic of the relay's own holds something else
  | 'KAFKA_RELAY_DISPLACED' // another relay of the same name has come
  | 'KAFKA_MESSAGE_REFUSED' // a broker takes no message of this size or form
  | 'KAFKA_FAILED' // anything else that a broker says
  | 'FEED_POSITION_AHEAD' // the store ends before the position: it was restored from an older backup
  | 'FEED_SOURCE_ENDED'; // the store was closed

/** Topics and servers are named; nothing of an event is. */
export class RelayTrouble extends DomainError {
  override readonly name = 'RelayTrouble';
  constructor(code: RelayTroubleCode, message: string, options?: ErrorOptions) {
    super(code, 'unavailable', message, {}, options);
  }
}
