// Appends to an EventStoreDB as hard as it is allowed to, until its standard input ends; prints one line an answer.
import { writeSync } from 'node:fs';
import { openStore } from '#libs/event-store';
import { freshStream, noteOfBytes } from '../../libs/event-store/src/contract/notes.js';

const [directory = '', url = ''] = process.argv.slice(2);
const IN_FLIGHT = 600;
/** More than a connection takes at once: some always waits in the driver. */
const EVENT_BYTES = 16_000;

const store = await openStore({ kind: 'eventstoredb', url, prefix: 'renkei.example/core/', directory });
let isOver = false;
process.stdin.on('end', () => (isOver = true)).resume();
writeSync(1, 'open\n');

async function appending(): Promise<void> {
  const stream = freshStream();
  for (let revision = -1; !isOver; revision += 1) {
    const event = noteOfBytes(stream, revision + 1, EVENT_BYTES);
    await store.append({ stream, expectedRevision: revision, events: [event] }); // an outage is no failure: it is waited out
    writeSync(1, `${stream} ${revision + 1} ${event.id}\n`);
  }
}
await Promise.all(Array.from({ length: IN_FLIGHT }, appending));
await store.close();
writeSync(1, 'closed\n');
