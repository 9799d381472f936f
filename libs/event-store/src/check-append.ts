import { EVENT_BYTES_MAX } from '#libs/kernel';
import { AppendTooLarge, InvalidAppend } from './errors.js';
import { APPEND_BYTES_MAX, type AppendRequest, NO_STREAM, STREAM_NAME_BYTES_MAX } from './event-store.js';

const TYPE = /^[A-Za-z][A-Za-z0-9]*$/;
// eslint-disable-next-line no-control-regex -- these are the characters that are refused
const CONTROL = /[\u0000-\u001f\u007f]/;
const UUID_LENGTH = 36;
const INSTANT_LENGTH = 24;
const ID = Buffer.from('"id":"');
const RECORDED_AT = Buffer.from('","recordedAt":"');
const REVISION = Buffer.from('","revision":');
/** The fewest bytes that an envelope can have before its revision. */
const BEFORE_REVISION_MIN = ID.length + UUID_LENGTH + RECORDED_AT.length + INSTANT_LENGTH + REVISION.length + 16;
const [ZERO, NINE, COLON, HYPHEN, LOWER_A, LOWER_F, CLOSING_BRACE] = [0x30, 0x39, 0x3a, 0x2d, 0x61, 0x66, 0x7d];

function matches(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Whether this UUID stands there. */
function isUuid(bytes: Uint8Array, at: number, id: string): boolean {
  if (id.length !== UUID_LENGTH) return false;
  for (let index = 0; index < UUID_LENGTH; index += 1) {
    const byte = bytes[at + index] ?? 0;
    if (byte !== id.charCodeAt(index)) return false;
    const isHyphen = index === 8 || index === 13 || index === 18 || index === 23;
    if (isHyphen ? byte !== HYPHEN : !((byte >= ZERO && byte <= NINE) || (byte >= LOWER_A && byte <= LOWER_F))) return false;
  }
  return true;
}

/**
 * Whether the bytes end as those of an event with this id and revision do: id, time of recording, revision, then
 * `afterRevision` (stream, type and the name of the version), and the version. Compared byte by byte, backwards from the
 * end: it is done for every event.
 */
function endsAs(bytes: Uint8Array, id: string, revision: number, afterRevision: Uint8Array): boolean {
  if (bytes[bytes.length - 1] !== CLOSING_BRACE) return false;
  let at = bytes.length - 2;
  while (at > 0 && bytes[at - 1] !== COLON) at -= 1;
  at -= afterRevision.length;
  if (at < BEFORE_REVISION_MIN || !matches(bytes, at, afterRevision)) return false;
  let digits = revision;
  do {
    at -= 1;
    if (bytes[at] !== ZERO + (digits % 10)) return false;
    digits = Math.floor(digits / 10);
  } while (digits > 0);
  at -= REVISION.length;
  if (!matches(bytes, at, REVISION)) return false;
  at -= INSTANT_LENGTH + RECORDED_AT.length;
  if (!matches(bytes, at, RECORDED_AT)) return false;
  at -= UUID_LENGTH;
  return isUuid(bytes, at, id) && matches(bytes, at - ID.length, ID);
}

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
  const streamJson = JSON.stringify(stream);
  let bytesSum = 0;
  let revision = expectedRevision;
  let typeBefore: string | undefined;
  let afterRevision: Uint8Array = ID;
  for (const { id, type, bytes } of events) {
    revision += 1;
    bytesSum += bytes.length;
    if (bytes.length > EVENT_BYTES_MAX) throw new AppendTooLarge(`an event has at most ${EVENT_BYTES_MAX} bytes`);
    if (type !== typeBefore) {
      if (!TYPE.test(type)) throw new InvalidAppend('an event type is a word of letters and digits');
      afterRevision = Buffer.from(`,"stream":${streamJson},"type":"${type}","v":`);
      typeBefore = type;
    }
    if (!endsAs(bytes, id, revision, afterRevision)) {
      throw new InvalidAppend('the bytes are not those of an event with this id (a UUID), type, stream and revision');
    }
  }
  if (bytesSum > APPEND_BYTES_MAX) throw new AppendTooLarge(`an append has at most ${APPEND_BYTES_MAX} bytes`);
  return bytesSum;
}
