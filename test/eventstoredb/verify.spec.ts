// A party's record on EventStoreDB checked by `renkei verify`. Clean on the server of TEST_ESDB_URL, or one in Docker, or the double;
// tampered with on the double alone, for a server offers no way to change or lose an event.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openParty, type Party } from '#libs/commands';
import { newEventId } from '#libs/cryptography';
import { logEventTypes } from '#libs/domain';
import { storeLocation } from '#libs/event-store';
import { EventRegistry } from '#libs/kernel';
import { runInProcess } from '../../apps/cli/src/program.fixture.js';
import type { VerifyReport } from '../../apps/cli/src/verify/report.js';
import { type EventStoreDouble, startEventStoreDouble } from '../support/eventstoredb/double.js';
import { eventStoreServer, type RunningEventStore, SERVER_START_TIMEOUT_MS } from '../support/eventstoredb/server.js';

const TIMEOUT_MS = 120_000;
/** A whole tile and a part of one. */
const ENTRIES = 300;
const events = new EventRegistry(logEventTypes);
const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

interface Recorded {
  readonly data: string;
  readonly prefix: string;
  readonly party: Party;
}

/** A sandbox's directory with one party, whose record is on the server. */
async function opened(url: string): Promise<Recorded> {
  const data = mkdtempSync(join(tmpdir(), 'renkei-esdb-verify-'));
  directories.push(data);
  const deployment = `verify-${randomUUID()}`;
  const dataDirectory = join(data, 'parties', 'core');
  const store = storeLocation(url, dataDirectory, deployment, 'core');
  const party = await openParty({ dataDirectory, keysDirectory: join(data, 'keys', 'core'), store, events, log: { deployment, party: 'core' } });
  return { data, prefix: `${deployment}/core/`, party };
}

/** Streams of three events each. */
async function record({ store, ledger }: Party, count: number): Promise<void> {
  const instant = '2020-05-08T00:00:00.000Z';
  const requests = Array.from({ length: Math.ceil(count / 3) }, () => {
    const stream = `ledger-access.${newEventId()}`;
    const appended = [0, 1, 2].map((revision) => {
      const id = newEventId();
      const envelope = { id, stream, revision, recordedAt: instant, at: instant, actor: 'system', correlationId: id, causationId: id };
      const message = { type: 'EntriesRead', data: { auditor: 'a', from: 0, to: 1 } };
      return { id, type: message.type, bytes: Buffer.from(events.encode(envelope, message)) };
    });
    return { stream, expectedRevision: -1, events: appended };
  });
  for (const outcome of await store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
  await ledger?.integrated(await store.lastPosition());
}

async function verify(data: string, ...more: readonly string[]): Promise<{ readonly status: number; readonly report: VerifyReport }> {
  const { status, stdout, stderr } = await runInProcess(['verify', '--data', data, '--json', ...more]);
  expect(stderr).toBe('');
  return { status, report: JSON.parse(stdout) as VerifyReport };
}

describe('a record on EventStoreDB', () => {
  let server: RunningEventStore;
  let recorded: Recorded;
  beforeAll(async () => {
    server = await eventStoreServer();
    recorded = await opened(server.url);
    await record(recorded.party, ENTRIES);
  }, SERVER_START_TIMEOUT_MS);
  afterAll(async () => {
    await recorded.party.close();
    await server.stop();
  });

  it(
    'is found whole beside its owner, found by its note or by option',
    async () => {
      for (const more of [[], ['--full', '--event-store', server.url]]) {
        const { status, report } = await verify(recorded.data, ...more);
        expect(report).toMatchObject({ ok: true, findings: [], parties: [{ party: 'core', entries: ENTRIES + 1, runs: ENTRIES / 3 + 1, findings: [] }] });
        expect(report.parties[0]?.root).toBe(Buffer.from(recorded.party.ledger?.checkpoint.root ?? []).toString('base64'));
        expect(status).toBe(0);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'is found whole while its owner records and signs',
    async () => {
      let recording = true;
      const owner = (async (): Promise<void> => {
        while (recording) await record(recorded.party, 9);
      })();
      const { report } = await verify(recorded.data).finally(() => {
        recording = false;
      });
      await owner;
      expect(report).toMatchObject({ ok: true, parties: [{ findings: [] }] });
    },
    TIMEOUT_MS,
  );

  it(
    'is left as it was: nothing is noted, no password and no user',
    () => {
      const note = readFileSync(join(recorded.data, 'parties/core/event-store/location.json'), 'utf8');
      expect(JSON.parse(note)).toEqual({ prefix: recorded.prefix, url: server.url });
      expect(existsSync(join(recorded.data, 'parties/core/event-store/events.mdb'))).toBe(false);
    },
    TIMEOUT_MS,
  );
});

describe('a record on an EventStoreDB that somebody has laid hands on (the double)', () => {
  let double: EventStoreDouble;
  let recorded: Recorded;
  let undo: () => void = () => undefined;
  beforeAll(async () => {
    double = await startEventStoreDouble();
    recorded = await opened(double.url);
    await record(recorded.party, ENTRIES);
    await recorded.party.close();
  }, TIMEOUT_MS);
  afterAll(() => double.stop());
  afterEach(() => undo());

  const own = (): EventStoreDouble['records'] => double.records.filter(({ stream }) => stream.startsWith(recorded.prefix));
  const entry = (index: number): EventStoreDouble['records'][number] => own()[index] as EventStoreDouble['records'][number];
  const changed = ({ data }: { readonly data: Uint8Array }, from: string, to: string): Buffer => {
    const text = Buffer.from(data).toString('utf8');
    expect(text).toContain(from);
    return Buffer.from(text.replace(from, to));
  };

  it.each([
    ['in a whole tile', 40],
    ['at the edge', ENTRIES - 2],
  ])(
    'has a changed event, %s: named by its position',
    async (_where, index) => {
      const { position, ...record } = entry(index);
      undo = double.tamper.replaceData(position, changed(record, '"actor":"system"', '"actor":"System"'));
      const { status, report } = await verify(recorded.data);
      expect(report.parties[0]?.findings[0]).toMatchObject({ code: 'TILE_CONTRADICTS_STORE', position });
      expect(status).toBe(65);
    },
    TIMEOUT_MS,
  );

  it(
    'has an event that says another revision: named by its position',
    async () => {
      const { position, ...record } = entry(100);
      undo = double.tamper.replaceData(position, changed(record, `"revision":${record.revision}`, '"revision":7'));
      const { report } = await verify(recorded.data);
      expect(report.parties[0]?.findings).toContainEqual(
        expect.objectContaining({ code: 'EVENT_MISPLACED', position, stream: record.stream.slice(recorded.prefix.length) }),
      );
    },
    TIMEOUT_MS,
  );

  it(
    'has bytes that are no event',
    async () => {
      const { position, ...record } = entry(10);
      undo = double.tamper.replaceData(position, changed(record, ',"data":', ', "data":'));
      const { report } = await verify(recorded.data);
      expect(report.parties[0]?.findings).toContainEqual(expect.objectContaining({ code: 'EVENT_NOT_CANONICAL', position }));
    },
    TIMEOUT_MS,
  );

  it(
    'misses an event: the next one stands where the log has another, and its stream has a gap',
    async () => {
      const index = own().findIndex(({ revision }, at) => at > 30 && revision === 1n);
      const [lost, next] = [entry(index), entry(index + 1)];
      undo = double.tamper.lose(lost.position);
      const { status, report } = await verify(recorded.data, '--full');
      const findings = report.parties[0]?.findings ?? [];
      expect(findings[0]).toMatchObject({ code: 'TILE_CONTRADICTS_STORE', position: next.position });
      expect(findings).toContainEqual(expect.objectContaining({ code: 'REVISION_MISSING', stream: lost.stream.slice(recorded.prefix.length) }));
      expect(status).toBe(65);
    },
    TIMEOUT_MS,
  );

  it(
    'misses its last event, which the log has signed',
    async () => {
      undo = double.tamper.lose(entry(ENTRIES).position);
      const { report } = await verify(recorded.data);
      expect(report.parties[0]?.findings).toContainEqual(expect.objectContaining({ code: 'LEDGER_AHEAD_OF_STORE', position: entry(ENTRIES - 1).position }));
    },
    TIMEOUT_MS,
  );

  it(
    'is not judged where the server is down: 69',
    async () => {
      await double.kill();
      try {
        const { status, stderr } = await runInProcess(['verify', '--data', join(recorded.data, 'parties', 'core'), '--json']);
        expect([status, stderr]).toEqual([69, expect.stringContaining('STORE_UNAVAILABLE')]);
      } finally {
        await double.restart();
      }
    },
    TIMEOUT_MS,
  );
});
