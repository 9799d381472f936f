// A nation on EventStoreDB: the server of TEST_ESDB_URL, or one in Docker, or the double; standard error says which. Of few
// exchanges: the driver takes several times the processor time of the embedded store.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Nation, TAX_YEAR, theCast, thePeople } from '#apps/sandbox';
import { locationIn, openStore } from '#libs/event-store';
import { uuidV7 } from '#libs/kernel';
import { leafHash, readLedger } from '#libs/ledger';
import { CliProcess } from '../e2e/processes/cli-process.js';
import { personOf, registerTaxFacts } from '../e2e/desk.process.js';
import { smallNation } from '../e2e/small-nation.js';
import { eventStoreServer, type RunningEventStore } from '../support/eventstoredb/server.js';

const START_TIMEOUT_MS = 300_000;
const TIMEOUT_MS = 120_000;
const QUERIES = 30;
const PARTIES = ['core', 'registry', 'is-east', 'is-west', 'is-fund', 'is-pension', 'is-ministries', 'is-others'];
const HASH_BYTES = 32;
const TILE_WIDTH = 256;

describe('a nation on EventStoreDB', () => {
  let server: RunningEventStore;
  let nation: Nation;
  let close: () => Promise<void>;
  beforeAll(async () => {
    server = await eventStoreServer();
    ({ nation, close } = await smallNation({ eventStore: server.url }));
    await registerTaxFacts(nation);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await close();
    await server.stop();
  }, TIMEOUT_MS);

  it(
    'answers queries as on the embedded store',
    async () => {
      const { kenta } = thePeople();
      const matter = { affair: 'JM99000000000071', procedure: 'JT99000000001007', information: 'TM00000000000002', dataset: 'assessment' };
      const lines = Array.from({ length: QUERIES }, () => ({
        exchangeId: uuidV7(Date.parse(nation.clock.now()), randomBytes(10)),
        ...personOf(kenta),
        ...matter,
        period: TAX_YEAR,
        department: 'child-welfare',
        nonDisclosure: false,
      }));
      const outcomes = await nation.client(theCast().toyonaka).submitQueries(lines, { waitMs: 10_000 });
      expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.status : outcome.problem))).toEqual(lines.map(() => 'received'));
    },
    TIMEOUT_MS,
  );

  it(
    'has every event of every party in its log, in the order of the server, and in no other store',
    async () => {
      for (const party of PARTIES) {
        const data = join(nation.directory, 'parties', party);
        const location = locationIn(data, server.url);
        expect(location.kind).toBe('eventstoredb');
        const store = await openStore(location, { readOnly: true });
        const ledger = await readLedger({ directory: join(data, 'ledger'), source: store });
        await ledger.integrated(await store.lastPosition());
        let entries = 0;
        for (let after = 0n, atEnd = false; !atEnd;) {
          const page = await store.readAll({ after, limit: 4_096 });
          for (const { bytes } of page.events) {
            const at = (entries % TILE_WIDTH) * HASH_BYTES;
            const tile = ledger.tile(0, Math.floor(entries / TILE_WIDTH));
            if (tile === undefined) throw new Error(`${party} has no tile for entry ${entries}`);
            expect(Buffer.from(tile.subarray(at, at + HASH_BYTES)).equals(leafHash(bytes))).toBe(true);
            entries += 1;
          }
          ({ next: after, atEnd } = page);
        }
        expect([entries > 0, ledger.checkpoint.size]).toEqual([true, entries]);
        await ledger.close();
        await store.close();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'is shown by the command line, which finds the server by itself',
    async () => {
      const { status, stdout, stderr } = await CliProcess.run(['ledger', 'show', 'core', '--data', nation.directory, '--json'], {});
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/\/core\/1/);
    },
    TIMEOUT_MS,
  );
});
