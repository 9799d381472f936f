import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { monthKeyId } from '#libs/cryptography';
import type { ModelSet } from '../folding/model.js';
import { Runner } from '../folding/runner.js';
import { Cursors } from '../cursor.js';
import { exchangesProjection } from '../exchange/exchanges.projection.js';
import { projectionsOf } from '../models-of-party.js';
import { at, contentOf, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import { anyFold, type Projection, type RowFold } from '../projection.js';
import type { Alarm } from '../read-models.js';
import { type Columns, freeText, type Row, type Table } from '../table.js';
import { stateOf } from './comparison.js';
import { rebuild, type RebuildOptions, type RebuildOutcome, type RebuildProgress } from './rebuild.js';
import type { OwnedModel, Views } from './views.js';

/** One adapter's place, opened as the thread that answers and as one that rebuilds. */
export interface ViewsPlace {
  models(projections: readonly Projection[], onAlarm: (alarm: Alarm) => void): ModelSet;
  views(): Views;
}

const MONTH = monthKeyId('core', '2020-05');
const REQUESTER = '9900000000000001';
const EXCHANGES = 30;

const [exchanges] = projectionsOf.core as readonly [Projection, ...Projection[]];
const exchangeFold = exchanges.folds.find(({ table }) => table.name === 'exchanges') as RowFold;
const columnsWithout = ({ columns }: Table, ...names: readonly string[]): Columns =>
  Object.fromEntries(Object.entries(columns as Columns).filter(([name]) => !names.includes(name)));

/** As another version's code would have it: a column that is not yet known, and departments in capitals. */
const withFold = (version: number, table: Table, change: (row: Row) => Row): Projection => {
  const fold: RowFold = {
    ...exchangeFold,
    table,
    evolve: (row, event, context) => {
      const evolved = exchangeFold.evolve(row as never, event, context);
      return evolved === undefined ? undefined : (change(evolved) as never);
    },
  };
  return {
    ...exchanges,
    version,
    folds: exchanges.folds.map((other) => (other === exchangeFold ? anyFold<Columns, never, never>(fold as never) : other)) as Projection['folds'],
  };
};
const version2 = withFold(2, { ...exchangeFold.table, columns: { ...columnsWithout(exchangeFold.table, 'late'), note: freeText } }, (row) => {
  const { late: _gone, ...rest } = row;
  return { ...rest, note: 'new', department: String(row['department']).toUpperCase() };
});
/** A version that asks its rows for a column which the first one does not have. */
const withoutDepartment = withFold(
  1,
  {
    ...exchangeFold.table,
    columns: columnsWithout(exchangeFold.table, 'open'),
    indexes: exchangeFold.table.indexes.filter(({ name }) => name !== 'open_ones'),
  },
  (row) => {
    const { open: _gone, ...rest } = row;
    return rest;
  },
);

/** What every adapter does while views are built beside those that answer. `place` gives a new one. */
export function rebuildsContract(adapter: string, place: (party: TestParty) => ViewsPlace): void {
  describe(`${adapter}: a rebuild`, () => {
    let party: TestParty;
    let here: ViewsPlace;
    const running: Runner[] = [];
    const opened: Views[] = [];
    const alarms: Alarm[] = [];
    beforeEach(async () => {
      alarms.length = 0;
      party = await TestParty.open('core');
      here = place(party);
      for (let number = 0; number < EXCHANGES; number += 1) await record(number);
    });
    afterEach(async () => {
      for (const runner of running.splice(0)) await runner.close();
      for (const views of opened.splice(0)) await views.close();
      await party.close();
    });

    const identifier = (): string => party.cipher.issue(REQUESTER, party.cipher.linkOf('12345678901'), 1);
    const record = async (number: number): Promise<void> => {
      const events = number % 3 === 0 ? [core.denied(identifier(), facts())] : [core.permitted(identifier(), facts()), core.provided(at(2))];
      await party.record({ stream: `exchange-${exchangeId(number)}`, events, at: at(number), keyId: MONTH });
    };
    const run = (projection: Projection): Runner => {
      const models = here.models([projection], (alarm) => alarms.push(alarm));
      const runner = new Runner({
        store: party.store,
        models,
        secrets: party.secrets(),
        cursors: new Cursors(Buffer.alloc(32, 1)),
        onAlarm: (alarm) => alarms.push(alarm),
      });
      running.push(runner);
      return runner;
    };
    const stop = async (runner: Runner): Promise<void> => {
      await runner.close();
      running.splice(running.indexOf(runner), 1);
    };
    const open = (): Views => {
      const views = here.views();
      opened.push(views);
      return views;
    };
    const job = (projection: Projection, more: Partial<RebuildOptions> = {}): Promise<RebuildOutcome> =>
      rebuild({ projection, views: more.views ?? open(), store: party.store, secrets: party.secrets(), to: 'rebuild', ...more });
    const contentIn = async (views: Views, projection: Projection, build: number): Promise<unknown> => {
      const model = await views.open(projection, build);
      const content = await contentOf(model.shown.rows, projection);
      await model.close();
      return content;
    };
    const idsOf = async (runner: Runner, atLeast?: bigint): Promise<number> =>
      (await runner.ask('exchanges', { requester: REQUESTER, limit: 500 }, { atLeast, timeoutMs: 20_000 })).rows.length;
    const turned = async (runner: Runner): Promise<void> => {
      while (runner.stale().length > 0) {
        runner.poke();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const refusal = (asked: Promise<unknown>): Promise<unknown> =>
      asked.then(
        () => 'an answer',
        (error: { code?: unknown }) => error.code,
      );

    it('of the same version comes out equal, is switched to while it answers, and can be gone back from', async () => {
      const runner = run(exchanges);
      await runner.caughtUp(party.position, 20_000);
      const outcome = await job(exchanges);
      expect(outcome).toMatchObject({
        switched: true,
        view: { version: 1, build: 1 },
        comparison: { equal: true, tables: [], counters: [], against: { version: 1, build: 0 } },
      });
      expect(outcome.comparison?.rows).toBe(EXCHANGES);
      await record(100);
      expect(await idsOf(runner, party.position)).toBe(EXCHANGES + 1);
      // what is recorded now is in the new view alone
      await stop(runner);
      const views = open();
      expect(await views.pointer(exchanges)).toEqual({ live: 1, former: 0 });
      const again = await job(exchanges, { to: 'back' });
      expect(again).toMatchObject({ switched: true, view: { build: 0 }, position: party.position });
      expect(await contentIn(views, exchanges, 0)).toEqual(await contentIn(views, exchanges, 1));
      const back = run(exchanges);
      expect(await idsOf(back, party.position)).toBe(EXCHANGES + 1);
    });

    it('that differs from the view of the same version is not switched to, until somebody says so', async () => {
      const runner = run(exchanges);
      await runner.caughtUp(party.position, 20_000);
      await stop(runner);
      const views = open();
      const live = await views.open(exchanges, 0);
      await live.apply([], new Map(), party.position, (await lastEvent()).id); // as an operator's hand, or a fault, would: a row less
      await erase(live);
      await live.close();
      const outcome = await job(exchanges);
      expect(outcome).toMatchObject({ switched: false, comparison: { equal: false, counters: [] } });
      expect(outcome.comparison?.tables).toMatchObject([
        { table: 'exchanges', rowsBefore: EXCHANGES - 10, rows: EXCHANGES, onlyNow: 10, onlyBefore: 0, changed: 0 },
      ]);
      expect(outcome.comparison?.tables[0]?.examples).toHaveLength(10);
      expect(await views.pointer(exchanges)).toMatchObject({ live: 0, building: { build: 1 } });
      expect(await job(exchanges, { accept: true })).toMatchObject({ switched: true, view: { build: 1 } });
      expect(await idsOf(run(exchanges), party.position)).toBe(EXCHANGES);
    });
    const lastEvent = async (): Promise<{ id: string }> => {
      const { events } = await party.store.readAll({ after: party.position - 1n, limit: 1 });
      return events[0] as { id: string };
    };
    /** Deletes the denied ones, by a fold that erases by status. */
    const erase = async (model: OwnedModel): Promise<void> => {
      const event = {
        type: 'RecordKeyDestroyed',
        data: { key: 'x' },
        id: 'x',
        stream: 'ledger-x',
        revision: 0,
        at: at(0),
        recordedAt: at(0),
        position: party.position,
      };
      const original = exchangeFold.erases;
      Object.assign(exchangeFold, { erases: () => ({ column: 'status', value: 'denied' }) });
      try {
        await model.apply([event as never], new Map(), party.position, (await lastEvent()).id);
      } finally {
        Object.assign(exchangeFold, { erases: original });
      }
    };

    it('of a new version is begun from the old one, which answers meanwhile, marked stale with its position', async () => {
      const old = run(exchanges);
      await old.caughtUp(party.position, 20_000);
      await stop(old);
      const stood = party.position;
      await record(100);
      const runner = run(version2);
      expect(await idsOf(runner)).toBe(EXCHANGES);
      expect(runner.stale()).toEqual([{ projection: 'exchanges', version: 1, position: stood }]);
      expect(await runner.lag()).toMatchObject([{ version: 2, checkpoint: stood, ready: true, stale: { version: 1, position: stood } }]);
      expect(await refusal(idsOf(runner, party.position))).toBe('READ_MODEL_STALE');
      const outcome = await job(version2);
      expect(outcome).toMatchObject({ switched: true, view: { version: 2, build: 0 }, position: party.position });
      expect(outcome.comparison).toMatchObject({
        position: String(stood),
        equal: false,
        against: { version: 1, build: 0 },
        tables: [
          {
            table: 'exchanges',
            rowsBefore: EXCHANGES,
            rows: EXCHANGES,
            onlyBefore: 0,
            onlyNow: 0,
            changed: EXCHANGES,
            columns: { department: EXCHANGES },
            columnsAdded: ['note'],
            columnsRemoved: ['late'],
          },
        ],
      });
      await turned(runner);
      const { rows } = await runner.ask('exchanges', { requester: REQUESTER, limit: 1 }, { atLeast: party.position });
      expect(rows).toMatchObject([{ department: 'CHILD-WELFARE', note: 'new' }]);
      await stop(runner);
      // the older code, started again, goes on with its own view
      expect(await idsOf(run(exchanges), party.position)).toBe(EXCHANGES + 1);
    });

    it('leaves no question without an answer or a refusal that says why, where the old rows cannot tell', async () => {
      const old = run(withoutDepartment);
      await old.caughtUp(party.position, 20_000);
      await stop(old);
      const runner = run({ ...exchanges, version: 2 });
      expect(await idsOf(runner)).toBe(EXCHANGES);
      expect(await refusal(runner.ask('openExchanges', { limit: 1 }))).toBe('READ_MODEL_STALE');
    });

    it('broken off at any moment goes on from where it was, and ends as one that was not', async () => {
      const whole = run(exchanges);
      await whole.caughtUp(party.position, 20_000);
      await stop(whole);
      const views = open();
      const stages: RebuildProgress['stage'][] = ['building', 'comparing', 'catching-up', 'indexing'];
      for (const stage of stages) {
        const breaking = new AbortController();
        const died = new Error('killed');
        await expect(
          job(exchanges, {
            signal: breaking.signal,
            onProgress: (progress) => {
              if (progress.stage === stage) throw died;
            },
          }),
        ).rejects.toBe(died);
        expect(await views.pointer(exchanges)).toMatchObject({ live: 0, building: { build: 1 } });
        expect(await idsOf(await runAnew())).toBe(EXCHANGES);
      }
      expect(await job(exchanges)).toMatchObject({ switched: true, view: { build: 1 }, comparison: { equal: true } });
      for (const runner of [...running]) await stop(runner);
      expect(await contentIn(views, exchanges, 1)).toEqual(await contentIn(views, exchanges, 0));
    });
    const runAnew = async (): Promise<Runner> => {
      for (const runner of [...running]) await stop(runner);
      return run(exchanges);
    };

    it('is not begun twice, and a full disk takes the build away and leaves what answers', async () => {
      const runner = run(exchanges);
      await runner.caughtUp(party.position, 20_000);
      const views = open();
      const full = withFullDisk(here.views(), 0);
      opened.push(full);
      expect(await refusal(job(exchanges, { views: full }))).toBe('REBUILD_DISK_FULL');
      expect(await views.pointer(exchanges)).toEqual({ live: 0 });
      await record(101);
      expect(await idsOf(runner, party.position)).toBe(EXCHANGES + 1);
      expect(await job(exchanges)).toMatchObject({ switched: true, comparison: { equal: true } });
    });

    it('refuses to go back where there is nothing to go back to', async () => {
      const runner = run(exchanges);
      await runner.caughtUp(party.position, 20_000);
      expect(await refusal(job(exchanges, { to: 'back' }))).toBe('REBUILD_NO_FORMER');
    });

    it('takes the same state for the same hash, whatever the pages were', async () => {
      const runner = run(exchanges);
      await runner.caughtUp(party.position, 20_000);
      const views = open();
      const hashOf = async (build: number): Promise<string> => {
        const snapshot = await views.snapshot(exchanges, { version: 1, build });
        try {
          return (await stateOf(snapshot, exchangesProjection as unknown as Projection)).stateHash;
        } finally {
          await snapshot.close();
        }
      };
      const { comparison } = await job(exchanges);
      expect([comparison?.stateHash, comparison?.stateHashBefore]).toEqual([await hashOf(1), await hashOf(0)]);
      await record(102);
      await runner.caughtUp(party.position, 20_000);
      expect(await hashOf(1)).not.toBe(comparison?.stateHash);
    });
  });
}

/** A disk that is full after so many pages. */
function withFullDisk(views: Views, pages: number): Views {
  let applied = 0;
  return new Proxy(views, {
    get: (target, name) => {
      if (name === 'open')
        return async (...given: Parameters<Views['open']>) => {
          const model = await target.open(...given);
          return new Proxy(model, {
            get: (owned, property) => {
              if (property === 'apply' && applied++ >= pages) throw Object.assign(new Error('disk'), { code: 'SQLITE_FULL' });
              const value = Reflect.get(owned, property, owned) as unknown;
              return typeof value === 'function' ? value.bind(owned) : value;
            },
          });
        };
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
