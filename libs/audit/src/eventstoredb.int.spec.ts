import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EventStoreDouble, startEventStoreDouble } from '../../../test/support/eventstoredb/double.js';
import { LmdbEventStore, openStore, type StoreLocation } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import { CITY_A, CITY_X, HistoryFixture, RESIDENT } from './replay/history.fixture.js';
import { replayHistory } from './replay/replay.js';
import { countHistory } from './statistics/count-history.js';

describe('an audit of a record on EventStoreDB', () => {
  let directory: string;
  let double: EventStoreDouble;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-replay-esdb-'));
    double = await startEventStoreDouble();
  });
  afterEach(async () => {
    await double.stop();
    rmSync(directory, { recursive: true });
  });

  it('comes to the same as one of an embedded store, but for positions', async () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.ask();
    history.issue(CITY_A, 'person');
    const knowing = history.knowledge();
    history.ask();
    history.agency(CITY_A, { type: 'AgencySuspended', data: { reason: 'breach' } });
    history.ask({}, { knowing });
    history.ask({}, { change: ([first]) => [{ ...(first as Message), data: { ...(first?.data as object), reason: 'SAME_AGENCY' } }] });
    history.ask({ information: RESIDENT, forged: true });

    const embedded: StoreLocation = { kind: 'embedded', directory: join(directory, 'embedded') };
    const remote: StoreLocation = { kind: 'eventstoredb', url: double.url, prefix: 'renkei.example/core/', directory: join(directory, 'remote') };
    const own = await LmdbEventStore.open(embedded.directory);
    const theirs = await openStore(remote);
    for (const store of [own, theirs]) {
      await history.into(store);
      await store.close();
    }
    const reports = [await replayHistory({ location: embedded, threads: 0 }), await replayHistory({ location: remote })];
    const [here, there] = reports.map(({ findings, ...report }) => ({
      ...report,
      findings: findings.map(({ position: _, basis, ...finding }) => ({ ...finding, basis: basis.map(({ position: __, ...evidence }) => evidence) })),
    }));
    expect(there).toEqual(here);
    expect(here).toMatchObject({
      decisions: 5,
      found: { BASIS_STALE: 1, DECISION_DIFFERS: 1 },
      findings: [{ basis: [{ leaf: expect.any(String) as never }] }, {}],
    });
    const counts = [await countHistory({ location: embedded, threads: 0 }), await countHistory({ location: remote })];
    expect(counts[1]).toEqual(counts[0]);
    expect(counts[0]).toMatchObject({ uses: [{ queries: 5 }] });
  }, 60_000);
});
