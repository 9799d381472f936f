import type { FeedEvent } from './feed-event.js';
import { inOrder, toKafkaMessage } from './feed-codec.js';

/** A message as it stands in a topic, byte for byte (base64), and the event that it carries. */
export interface GoldenMessage {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
  /** Milliseconds since 1970, as text. */
  readonly timestamp: string;
  readonly event: FeedEvent;
}
const base64 = (text: string | Buffer): string => Buffer.from(text as string).toString('base64');

export function goldenMessageOf(event: FeedEvent): GoldenMessage {
  const { key, headers, value, timestamp } = toKafkaMessage(event);
  return {
    key: base64(key),
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, base64(text)])),
    value: base64(value),
    timestamp,
    event: inOrder(event),
  };
}
