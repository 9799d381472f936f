import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LmdbEventStore, START, type StoredEvent } from '#libs/event-store';

const CHILD = fileURLToPath(new URL('./store-kill.child.js', import.meta.url));
const ROUNDS = 12;
const AFTER_FIRST_ACKNOWLEDGEMENT_MS_MAX = 250;

interface Acknowledged {
  readonly stream: string;
  readonly first: number;
  readonly revision: number;
  readonly digest: string;
}
interface Piece {
  readonly data: { readonly append: string; readonly piece: number; readonly pieces: number };
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-kill-'));
});
afterEach(() => rm(directory, { recursive: true }));

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0, // not made yet
  );

/** Lets a process append until at least one more append was acknowledged, and kills it at a random moment after. */
async function killDuringLoad(data: string, acknowledged: string): Promise<void> {
  const before = await sizeOf(acknowledged);
  const child = spawn(process.execPath, [CHILD, data, acknowledged], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  while ((await sizeOf(acknowledged)) === before && child.exitCode === null) await sleep(2);
  await sleep(Math.random() * AFTER_FIRST_ACKNOWLEDGEMENT_MS_MAX);
  child.kill('SIGKILL');
  const [, signal] = (await exited) as [number | null, string | null];
  expect({ signal, complaint }).toEqual({ signal: 'SIGKILL', complaint: '' });
}

async function everything(store: LmdbEventStore): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let after = START; ;) {
    const page = await store.readAll({ after, limit: 5_000 });
    events.push(...page.events);
    after = page.next;
    if (page.atEnd) return events;
  }
}

/** A line that the kill cut short was not yet an acknowledgement. */
async function acknowledgedIn(path: string): Promise<Acknowledged[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Acknowledged);
}

const digestOf = (events: readonly StoredEvent[]): string => {
  const digest = createHash('sha256');
  for (const { bytes } of events) digest.update(bytes);
  return digest.digest('hex');
};

describe('the embedded store, killed during load', () => {
  it('has every acknowledged event with its bytes, and besides them only whole appends that were not acknowledged', async () => {
    const [data, log] = [join(directory, 'data'), join(directory, 'acknowledged')];
    for (let round = 0; round < ROUNDS; round += 1) {
      await killDuringLoad(data, log);
      const store = await LmdbEventStore.open(data);
      const events = await everything(store);
      await store.close();
      const streams = byStream(events);
      expect([...streams.values()].filter(hasGap)).toEqual([]);
      expect(brokenAppend(events)).toBeUndefined();
      const acknowledged = await acknowledgedIn(log);
      const lost = acknowledged.filter(({ stream, first, revision, digest }) => digestOf((streams.get(stream) ?? []).slice(first, revision + 1)) !== digest);
      expect(lost).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(round);
    }
  }, 120_000);
});

function byStream(events: readonly StoredEvent[]): Map<string, StoredEvent[]> {
  const streams = new Map<string, StoredEvent[]>();
  for (const event of events) {
    const stream = streams.get(event.stream);
    if (stream) stream.push(event);
    else streams.set(event.stream, [event]);
  }
  return streams;
}

const hasGap = (events: readonly StoredEvent[]): boolean => events.some(({ revision }, index) => revision !== index);

/** The first append of which the store holds some pieces but not all, side by side and in order. */
function brokenAppend(events: readonly StoredEvent[]): string | undefined {
  let expected = { append: '', piece: 0, pieces: 0 };
  for (const { bytes } of events) {
    const { append, piece, pieces } = (JSON.parse(Buffer.from(bytes).toString('utf8')) as Piece).data;
    if (expected.piece === expected.pieces) expected = { append, piece: 0, pieces };
    if (append !== expected.append || piece !== expected.piece || pieces !== expected.pieces) return append;
    expected.piece += 1;
  }
  return expected.piece === expected.pieces ? undefined : expected.append;
}
