import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openPartySecrets } from '#libs/cryptography';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/postgres/server.js';
import { join } from 'node:path';
import { Cursors } from '../cursor.js';
import { Runner } from '../folding/runner.js';
import type { PostgresLocation } from '../models-location.js';
import { projectionsOf } from '../models-of-party.js';
import { at, contentOf, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import type { Alarm } from '../read-models.js';
import { type PostgresModel } from './postgres-model.js';
import { PostgresModels } from './postgres-models.js';
import { until } from './projectors.fixture.js';

const KEY = 'record/core/2020-05';
const stream = (number: number): string => `exchange-${exchangeId(number)}`;

describe('models in PostgreSQL', () => {
  let server: PostgresServer;
  let party: TestParty;
  let location: PostgresLocation;
  const alarms: Alarm[] = [];
  const opened: PostgresModels[] = [];
  const running: Runner[] = [];
  beforeAll(async () => {
    server = await postgresServer();
  }, SERVER_START_TIMEOUT_MS);
  afterAll(() => server.stop());
  beforeEach(async () => {
    alarms.length = 0;
    party = await TestParty.open('core');
    location = { kind: 'postgres', url: await server.database(), deployment: 'test', party: 'core' };
  });
  afterEach(async () => {
    for (const models of running.splice(0)) await models.close();
    for (const models of opened.splice(0)) await models.close();
    await party.close();
  });

  const onAlarm = (alarm: Alarm): void => void alarms.push(alarm);
  const open = (): PostgresModels => {
    const models = new PostgresModels(location, projectionsOf.core, onAlarm);
    opened.push(models);
    return models;
  };
  /** Another process of the same party, in this one; of a store that may be another's. */
  const run = (of = party): Runner => {
    const models = new PostgresModels(location, projectionsOf.core, onAlarm);
    const cursors = new Cursors(openPartySecrets(join(of.directory, 'keys')).streamSecret);
    const runner = new Runner({ store: of.store, models, secrets: of.secrets(), cursors, onAlarm });
    running.push(runner);
    return runner;
  };
  const deny = (number: number, of = party, options = {}): Promise<unknown> =>
    of.record({ stream: stream(number), events: [core.denied('x', facts(options))], at: at(1), keyId: KEY });
  const exchangesOf = (models: PostgresModels): PostgresModel => models.models[0] as PostgresModel;
  const recordedEvent = (number: number, position: number) => {
    const envelope = { id: `${position}`, revision: 0, recordedAt: at(1), at: at(1), actor: 'system', correlationId: '', causationId: '' };
    const { type, data } = core.denied('x', facts());
    return {
      ...envelope,
      stream: stream(number),
      type,
      data: { ...(data as object), requesterSubject: { key: KEY, commitment: '', sealed: '' } },
      v: 1,
      position: BigInt(position),
    };
  };
  const rowsOf = async (model: PostgresModel): Promise<readonly unknown[]> => (await contentOf(model.shown.rows, model.projection))['exchanges'] ?? [];

  it('write nothing for an owner whose generation is over, though its session lives', async () => {
    const models = open();
    await models.tend();
    const model = exchangesOf(models);
    await model.apply([recordedEvent(1, 1)], new Map(), 1n, '1');
    expect([model.mine, model.checkpoint]).toEqual([true, 1n]);
    await server.query(`update "${model.schema}".checkpoint set generation = generation + 1`, [], location.url);
    await model.apply([recordedEvent(2, 2)], new Map(), 2n, '2');
    expect([model.mine, model.checkpoint]).toEqual([false, 1n]);
    expect(await rowsOf(model)).toHaveLength(1);
    await until(async () => (await models.tend(), model.mine)); // nobody else folds it: it begins a generation of its own
    await model.apply([recordedEvent(2, 2)], new Map(), 2n, '2');
    expect(await rowsOf(model)).toHaveLength(2);
    expect(alarms).toEqual([]);
  });

  it('write nothing on a checkpoint that is not the one the page was read after', async () => {
    const models = open();
    await models.tend();
    const model = exchangesOf(models);
    await model.apply([recordedEvent(1, 1)], new Map(), 1n, '1');
    await server.query(`update "${model.schema}".checkpoint set position = 5`, [], location.url);
    await model.apply([recordedEvent(2, 2)], new Map(), 2n, '2');
    expect(model.mine).toBe(false);
    expect(await rowsOf(model)).toHaveLength(1);
  });

  it('keep rows, counts and checkpoint of before where a page fails in the middle', async () => {
    const models = open();
    await models.tend();
    const model = exchangesOf(models);
    await model.apply([recordedEvent(1, 1)], new Map(), 1n, '1');
    const before = await contentOf(model.shown.rows, model.projection);
    const again = { ...recordedEvent(1, 2), id: 'again' }; // begins a row that is there
    await expect(model.apply([recordedEvent(3, 2), again], new Map(), 3n, 'again')).rejects.toMatchObject({ code: 'DATABASE_ERROR_23505' });
    expect([model.mine, model.checkpoint]).toEqual([true, 1n]);
    expect(await contentOf(model.shown.rows, model.projection)).toEqual(before);
    await model.apply([recordedEvent(2, 2)], new Map(), 2n, '2');
    expect(await rowsOf(model)).toHaveLength(2);
  });

  it('are folded by one process and answered from by another', async () => {
    const [first, second] = [run(), run()];
    for (const number of [1, 2, 3]) {
      await deny(number);
      for (const models of [first, second]) {
        const { rows } = await models.ask('exchanges', { limit: 10 }, { atLeast: party.position });
        expect(rows).toHaveLength(number);
        await models.caughtUp(party.position);
        expect((await models.lag()).every(({ checkpoint, ready }) => checkpoint === party.position && ready)).toBe(true);
      }
    }
    expect(alarms).toEqual([]);
  });

  it('begin anew, with an alarm, where the store is not the one that was folded', async () => {
    for (const number of [1, 2, 3]) await deny(number);
    await run().caughtUp(party.position, 10_000);
    await running.pop()?.close();
    const restored = await TestParty.open('core');
    await deny(4, restored);
    const models = run(restored);
    const { rows } = await models.ask('exchanges', { limit: 10 }, { atLeast: restored.position, timeoutMs: 10_000 });
    expect(rows.map((row) => row.exchangeId)).toEqual([exchangeId(4)]);
    expect((await models.ask('statistics', { by: ['month'], limit: 10 })).rows).toEqual([{ month: '2020-05', exchanges: 1 }]);
    expect(new Set(alarms.map(({ code }) => code))).toEqual(new Set(['HISTORY_CHANGED']));
    await models.close();
    await restored.close();
  });

  it('take text that PostgreSQL cannot hold', async () => {
    const models = run();
    await deny(1, party, { applicationId: 'a\0b' });
    const { rows } = await models.ask('exchanges', { limit: 10 }, { atLeast: party.position });
    expect(rows.map(({ applicationId }) => applicationId)).toEqual(['a\uFFFDb']);
    expect(alarms).toEqual([]);
  });

  it('use the indexes that they have', async () => {
    for (let number = 0; number < 300; number += 1) await deny(number, party, { requester: `99000000000${10_000 + number}` });
    await run().caughtUp(party.position, 10_000);
    const [exchanges] = open().models;
    const plan = await server.query<{ 'QUERY PLAN': string }>(
      `explain select * from "${exchanges?.schema}".exchanges where requester = '9900000000010007' order by "requestedAt" desc, "exchangeId" desc limit 11`,
      [],
      location.url,
    );
    expect(JSON.stringify(plan)).toMatch(/by_requester/);
  }, 60_000);
});
