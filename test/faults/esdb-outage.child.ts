// Appends to an EventStoreDB as hard as it is allowed to, until its standard input ends; prints one line an answer.
import { writeSync } from 'node:fs';
import { openStore } from '#libs/event-store';
import { freshStream, notesAfter } from '../../libs/event-store/src/contract/notes.js';

const [directory = '', url = ''] = process.argv.slice(2);
const IN_FLIGHT = 600;

const store = await openStore({ kind: 'eventstoredb', url, prefix: 'renkei.example/core/', directory });
let isOver = false;
process.stdin.on('end', () => (isOver = true)).resume();
writeSync(1, 'open\n');

async function appending(): Promise<void> {
  const stream = freshStream();
  for (let revision = -1; !isOver; revision += 1) {
    const request = notesAfter(stream, revision, 1);
    await store.append(request); // an outage is no failure: it is waited out
    writeSync(1, `${stream} ${revision + 1} ${request.events[0]?.id ?? ''}\n`);
  }
}
await Promise.all(Array.from({ length: IN_FLIGHT }, appending));
await store.close();
writeSync(1, 'closed\n');
