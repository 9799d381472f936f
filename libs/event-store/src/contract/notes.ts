import { randomBytes } from 'node:crypto';
import { EventRegistry, eventType, text, uuidV7 } from '#libs/kernel';
import type { AppendRequest, EventToAppend } from '../event-store.js';

/** Events for tests of stores: real canonical bytes of one small type. */
const notes = new EventRegistry([eventType('NoteTaken', { text })]);

export const freshId = (): string => uuidV7(Date.now(), randomBytes(10));
export const freshStream = (): string => `note-${freshId()}`;

export function note(stream: string, revision: number, words = 'noted', id = freshId()): EventToAppend {
  const instant = '2020-05-08T00:00:00.000Z';
  const envelope = { id, stream, revision, recordedAt: instant, at: instant, actor: 'system', correlationId: id, causationId: id };
  return { id, type: 'NoteTaken', bytes: Buffer.from(notes.encode(envelope, { type: 'NoteTaken', data: { text: words } })) };
}

/** A note whose bytes are exactly so many. */
export function noteOfBytes(stream: string, revision: number, bytes: number): EventToAppend {
  const shortest = note(stream, revision, '').bytes.length;
  return note(stream, revision, 'x'.repeat(bytes - shortest));
}

/** An append of so many notes after a revision. */
export const notesAfter = (stream: string, expectedRevision: number, count: number): AppendRequest => ({
  stream,
  expectedRevision,
  events: Array.from({ length: count }, (_, index) => note(stream, expectedRevision + 1 + index)),
});
