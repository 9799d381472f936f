import { EVENT_BYTES_MAX } from '#libs/kernel';
import { AppendTooLarge, InvalidAppend } from './errors.js';
import { headerOf } from './event-header.js';
import { APPEND_BYTES_MAX, type AppendRequest, NO_STREAM, STREAM_NAME_BYTES_MAX } from './event-store.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
// eslint-disable-next-line no-control-regex -- these are the characters that are refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * What every adapter checks before it sends or writes anything: throws InvalidAppend or AppendTooLarge. What the caller
 * says of each event must be what its bytes say, for the bytes are what is hashed and kept. Returns the sum of the bytes.
 */
export function checkAppend({ stream, expectedRevision, events }: AppendRequest): number {
  if (stream === '' || CONTROL.test(stream) || !stream.isWellFormed()) throw new InvalidAppend('a stream name is text without control characters, not empty');
  if (stream.length * 3 > STREAM_NAME_BYTES_MAX && Buffer.byteLength(stream) > STREAM_NAME_BYTES_MAX) {
    throw new InvalidAppend(`a stream name has at most ${STREAM_NAME_BYTES_MAX} bytes`);
  }
  if (!Number.isSafeInteger(expectedRevision) || expectedRevision < NO_STREAM) throw new InvalidAppend('the expected revision is exact, or NO_STREAM');
  if (events.length === 0) throw new InvalidAppend('an append holds at least one event');
  let bytesSum = 0;
  let revision = expectedRevision;
  for (const { id, type, bytes } of events) {
    revision += 1;
    bytesSum += bytes.length;
    if (bytes.length > EVENT_BYTES_MAX) throw new AppendTooLarge(`an event has at most ${EVENT_BYTES_MAX} bytes`);
    if (!UUID.test(id)) throw new InvalidAppend('an event id is a UUID in lower case');
    if (type === '') throw new InvalidAppend('an event has a type');
    const header = headerOf(bytes);
    if (header === undefined) throw new InvalidAppend('the bytes are not the canonical JSON of an event');
    if (header.id !== id || header.type !== type || header.stream !== stream || header.revision !== revision) {
      throw new InvalidAppend('the bytes name another id, type, stream or revision than the append');
    }
  }
  if (bytesSum > APPEND_BYTES_MAX) throw new AppendTooLarge(`an append has at most ${APPEND_BYTES_MAX} bytes`);
  return bytesSum;
}
