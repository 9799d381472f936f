import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { projectionsOf } from '../models-of-party.js';
import { at, contentOf, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import type { Projection } from '../projection.js';
import { openReadModels } from '../thread/threaded-read-models.js';
import type { WorkerPlaces } from '../thread/worker-messages.js';
import { openViews } from '../thread/open-models.js';
import type { RebuildOutcome } from './rebuild.js';
import type { View } from './view.js';
import type { Views } from './views.js';

const EXCHANGES = 12_000;
const KEY = 'record/core/2020-05';
const child = fileURLToPath(new URL('./rebuild.child.js', import.meta.url));
const projection = projectionsOf.core[0] as Projection;

/** A process that rebuilds is killed again and again; `place` says where the party's models are. */
export function killedRebuildContract(adapter: string, place: (party: TestParty) => WorkerPlaces): void {
  let party: TestParty;
  let places: WorkerPlaces;
  beforeAll(async () => {
    party = await TestParty.open('core');
    places = place(party);
    const identifier = party.cipher.issue('9900000000000001', party.cipher.linkOf('12345678901'), 1);
    for (let from = 0; from < EXCHANGES; from += 500) {
      const streams = Array.from({ length: 500 }, (_, offset) => `exchange-${exchangeId(from + offset)}`);
      await party.record(...streams.map((stream) => ({ stream, events: [core.permitted(identifier, facts())], at: at(1), keyId: KEY })));
    }
    const models = await openReadModels({ ...places, onAlarm: () => undefined });
    await models.caughtUp(party.position, 30_000).catch(() => models.caughtUp(party.position, 30_000));
    await models.close();
  }, 120_000);
  afterAll(() => party.close());

  /** The child dies when it has come to this step so many times; undefined then, otherwise how it ended. */
  async function rebuildKilledAt(step = '', times = 1): Promise<RebuildOutcome | undefined> {
    const process_ = spawn(process.execPath, [child, JSON.stringify(places), step, String(times)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    process_.stdout.on('data', (chunk: Buffer) => (told += chunk.toString('utf8')));
    const signal = await new Promise((resolve) => process_.once('close', (_code, by) => resolve(by)));
    return signal === 'SIGKILL' ? undefined : (JSON.parse(told) as RebuildOutcome);
  }

  /** A whole view answers, whenever the process died: all rows of it. */
  async function expectWhole(): Promise<void> {
    const models = await openReadModels({ ...places, onAlarm: () => undefined });
    try {
      const { rows } = await models.ask('statistics', { by: ['outcome'], limit: 10 }, { atLeast: party.position, timeoutMs: 30_000 });
      expect(rows).toEqual([{ outcome: 'permitted', exchanges: EXCHANGES }]);
    } finally {
      await models.close();
    }
  }

  it(`${adapter}: killed while it builds, compares and switches, a rebuild leaves a whole view that answers, and goes on`, async () => {
    const views = await openViews(places.models);
    expect(await rebuildKilledAt('building', 2)).toBeUndefined();
    expect(await views.pointer(projection)).toEqual({ live: 0, building: { build: 1 } });
    await expectLiveWhole(views);
    expect(await rebuildKilledAt('comparing')).toBeUndefined();
    const built = await views.open(projection, 1);
    expect(built.checkpoint).toBeGreaterThan(0n);
    await built.close();
    await expectLiveWhole(views);
    expect(await rebuildKilledAt('indexing')).toBeUndefined();
    expect(await views.pointer(projection)).toMatchObject({ live: 0, building: { build: 1, compared: { equal: true, rows: EXCHANGES } } });
    expect(await rebuildKilledAt('pointing {"live":1')).toBeUndefined();
    expect(await views.pointer(projection)).toMatchObject({ live: 0, building: { build: 1 } });
    expect(await rebuildKilledAt('pointed {"live":1')).toBeUndefined();
    expect(await views.pointer(projection)).toEqual({ live: 1, former: 0 });
    await expectWhole();
    const contents: unknown[] = [];
    for (const build of [0, 1]) {
      const model = await views.open(projection, build);
      contents.push(await contentOf(model.shown.rows, projection));
      await model.close();
    }
    expect(contents[1]).toEqual(contents[0]);
    expect(await rebuildKilledAt()).toMatchObject({ switched: true, view: { build: 2 }, comparison: { equal: true } });
    await views.close();
  }, 180_000);
}

/** What the pointer names has every row, and stands at the end. */
async function expectLiveWhole(views: Views): Promise<void> {
  const view = await views.answering(projection);
  expect(view).toEqual({ version: 1, build: 0 });
  const snapshot = await views.snapshot(projection, view as View);
  let rows = 0;
  for (const { table } of projection.folds) for await (const page of snapshot.rows(table)) rows += page.length;
  await snapshot.close();
  expect(rows).toBe(EXCHANGES);
}
