// The nation on EventStoreDB: the server of TEST_ESDB_URL, or one in Docker, or the double; standard error says which.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { locationIn, openStore } from '#libs/event-store';
import { leafHash, readLedger } from '#libs/ledger';
import { eventStoreServer, type RunningEventStore } from '../support/eventstoredb/server.js';
import { CliProcess } from '../e2e/processes/cli-process.js';
import { runSandbox } from '../e2e/sandbox.process.js';

/** The driver takes several times the processor time of the embedded store. */
const START_TIMEOUT_MS = 900_000;
const PARTIES = ['core', 'registry', 'is-east', 'is-west', 'is-fund', 'is-pension', 'is-ministries', 'is-others'];

describe('the sandbox on EventStoreDB', () => {
  const directory = mkdtempSync(join(tmpdir(), 'renkei-sandbox-esdb-'));
  let server: RunningEventStore;
  let ended: Awaited<ReturnType<typeof runSandbox>>;
  beforeAll(async () => {
    server = await eventStoreServer();
    ended = await runSandbox(directory, '--exit', '--json', '--event-store', server.url);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  it('plays every case as the law says', () => {
    const { asTheLawSays, cases } = JSON.parse(ended.output) as { asTheLawSays: boolean; cases: { deviations: string[] }[] };
    expect(cases.flatMap(({ deviations }) => deviations)).toEqual([]);
    expect([asTheLawSays, ended.status]).toEqual([true, 0]);
  });

  it('has every event of every party in its log, in the order of the server, and in no other store', async () => {
    for (const party of PARTIES) {
      const data = join(directory, 'parties', party);
      const location = locationIn(data, server.url);
      expect(location.kind).toBe('eventstoredb');
      const store = await openStore(location, { readOnly: true });
      const ledger = await readLedger({ directory: join(data, 'ledger'), source: store });
      let entries = 0;
      for (let after = 0n, atEnd = false; !atEnd;) {
        const page = await store.readAll({ after, limit: 4_096 });
        for (const { bytes } of page.events) {
          const tile = ledger.tile(0, Math.floor(entries / 256));
          expect(Buffer.from(leafHash(bytes))).toEqual(Buffer.from(tile?.subarray((entries % 256) * 32, (entries % 256) * 32 + 32) ?? []));
          entries += 1;
        }
        ({ next: after, atEnd } = page);
      }
      expect(ledger.checkpoint.size).toBe(entries);
      await ledger.close();
      await store.close();
    }
  }, 120_000);

  it('is shown by the command line, which finds the server by itself', async () => {
    const { status, stdout, stderr } = await CliProcess.run(['ledger', 'show', 'core', '--data', directory, '--json'], {});
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('sandbox.renkei.example/core/1');
  }, 60_000);
});
