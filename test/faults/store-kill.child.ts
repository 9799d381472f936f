// Appends to the store of a directory as fast as it can until it is killed, and notes in a file what was acknowledged.
import { createHash, randomBytes } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { type Appended, type AppendRequest, LmdbEventStore, NO_STREAM } from '#libs/event-store';
import { EventRegistry, eventType, integer, text, uuidV7 } from '#libs/kernel';

const [directory, acknowledgedFile] = process.argv.slice(2);
if (directory === undefined || acknowledgedFile === undefined) throw new Error('usage: store-kill.child DIRECTORY FILE');

const registry = new EventRegistry([eventType('PieceStored', { append: text, piece: integer, pieces: integer, filler: text })]);
const freshId = (): string => uuidV7(Date.now(), randomBytes(10));

/** Every event says to which append it belongs, which piece it is and of how many. */
function pieces(stream: string, expectedRevision: number, count: number): AppendRequest {
  const append = freshId();
  const instant = '2020-05-08T00:00:00.000Z';
  const events = Array.from({ length: count }, (_, piece) => {
    const id = freshId();
    const envelope = {
      id,
      stream,
      revision: expectedRevision + 1 + piece,
      recordedAt: instant,
      at: instant,
      actor: 'system',
      correlationId: append,
      causationId: append,
    };
    const data = { append, piece, pieces: count, filler: randomBytes(Math.floor(Math.random() * 600)).toString('hex') };
    return { id, type: 'PieceStored', bytes: Buffer.from(registry.encode(envelope, { type: 'PieceStored', data })) };
  });
  return { stream, expectedRevision, events };
}

const log = openSync(acknowledgedFile, 'a');
/** Written before anything else happens: what stands in the file survives the process. */
function acknowledge(request: AppendRequest, { revision }: Appended): void {
  const digest = createHash('sha256');
  for (const { bytes } of request.events) digest.update(bytes);
  writeSync(log, `${JSON.stringify({ stream: request.stream, first: request.expectedRevision + 1, revision, digest: digest.digest('hex') })}\n`);
}

const store = await LmdbEventStore.open(directory);

/** One stream, append after append, going on where an earlier process left off. */
async function growOne(stream: string): Promise<void> {
  let [revision = NO_STREAM] = await store.revisions([stream]);
  for (;;) {
    const request = pieces(stream, revision, 1 + Math.floor(Math.random() * 4));
    const appended = await store.append(request);
    acknowledge(request, appended);
    revision = appended.revision;
  }
}

/** Batches of appends to new streams. */
async function beginMany(): Promise<void> {
  for (;;) {
    const requests = Array.from({ length: 40 }, () => pieces(`piece-${freshId()}`, NO_STREAM, 1 + Math.floor(Math.random() * 6)));
    const outcomes = await store.appendMany(requests);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') throw outcome.reason;
      acknowledge(requests[index] as AppendRequest, outcome.value);
    }
  }
}

await Promise.all([...Array.from({ length: 6 }, (_, index) => growOne(`grown-${index}`)), beginMany(), beginMany()]);
