/** What the store must know of an event. It stands in the canonical bytes, near their end (format.md §1). */
export interface EventHeader {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
}

/** The header of an event with an ordinary stream name fits in this many last bytes; a longer one is looked for in all. */
const TAIL_BYTES = 320;
const ID = '"id":"';
const UUID_LENGTH = 36;
const REVISION = '","revision":';
const STREAM = ',"stream":"';
const TYPE = '","type":"';
const VERSION = '","v":';
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/** Text of a JSON string whose UTF-8 bytes were read as latin1. */
const unescape = (latin1: string): string => (PLAIN.test(latin1) ? latin1 : (JSON.parse(`"${Buffer.from(latin1, 'latin1').toString('utf8')}"`) as string));

/**
 * Reads the header from the end of canonical bytes, without parsing the rest: keys are in sorted order, so `id`,
 * `recordedAt`, `revision`, `stream`, `type`, `v` are the last ones, and an unescaped `"id":"` after the data can only
 * be the envelope's. Undefined where the bytes are not of this form.
 */
export function headerOf(bytes: Uint8Array): EventHeader | undefined {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = Math.max(0, buffer.length - TAIL_BYTES);
  let tail = buffer.toString('latin1', start);
  let at = tail.lastIndexOf(ID);
  if (at < 0 && start > 0) {
    tail = buffer.toString('latin1');
    at = tail.lastIndexOf(ID);
  }
  if (at < 0) return undefined;
  const idAt = at + ID.length;
  const revisionAt = tail.indexOf(REVISION, idAt + UUID_LENGTH);
  const streamAt = tail.indexOf(STREAM, revisionAt + REVISION.length);
  const typeAt = tail.indexOf(TYPE, streamAt + STREAM.length);
  const versionAt = tail.indexOf(VERSION, typeAt + TYPE.length);
  if (revisionAt < 0 || streamAt < 0 || typeAt < 0 || versionAt < 0) return undefined;
  return {
    id: tail.slice(idAt, idAt + UUID_LENGTH),
    revision: Number(tail.slice(revisionAt + REVISION.length, streamAt)),
    stream: unescape(tail.slice(streamAt + STREAM.length, typeAt)),
    type: unescape(tail.slice(typeAt + TYPE.length, versionAt)),
  };
}
