import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { monthKeyId } from '#libs/cryptography';
import { embeddedIn } from '#libs/event-store';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/postgres/server.js';
import { Cursors } from '../cursor.js';
import { Runner } from '../folding/runner.js';
import type { PostgresLocation } from '../models-location.js';
import { projectionsOf } from '../models-of-party.js';
import { at, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import { type CheckedReadModel, checkReadModels } from '../verification/check-read-models.js';
import { PostgresModels } from './postgres-models.js';
import { schemaOf } from './schema.js';

const MONTH = monthKeyId('core', '2020-05');
const REQUESTER = '9900000000000001';
const EXCHANGES = 12;
const NAMES = projectionsOf.core.map(({ name }) => name);

describe('read models on PostgreSQL, held against the events', () => {
  let server: PostgresServer;
  let location: PostgresLocation;
  let party: TestParty;
  let parties = 0;
  beforeAll(async () => {
    server = await postgresServer();
    location = { kind: 'postgres', url: await server.database(), deployment: 'test', party: '' };
  }, SERVER_START_TIMEOUT_MS);
  afterAll(() => server.stop());
  beforeEach(async () => {
    location = { ...location, party: `party-${(parties += 1)}` };
    party = await TestParty.open('core');
    const identifier = (): string => party.cipher.issue(REQUESTER, party.cipher.linkOf('12345678901'), 1);
    for (let number = 0; number < EXCHANGES; number += 1) {
      const events = number % 3 === 0 ? [core.denied(identifier(), facts())] : [core.permitted(identifier(), facts()), core.provided(at(2))];
      await party.record({ stream: `exchange-${exchangeId(number)}`, events, at: at(number), keyId: MONTH });
    }
  });
  afterEach(() => party.close());

  async function folded(): Promise<void> {
    const { store, position } = party;
    const models = new PostgresModels(location, projectionsOf.core, () => undefined);
    const runner = new Runner({ store, models, secrets: party.secrets(), cursors: new Cursors(Buffer.alloc(32, 1)), onAlarm: () => undefined });
    try {
      await runner.caughtUp(position, 20_000);
    } finally {
      await runner.close();
    }
  }
  const check = (models = location): Promise<readonly CheckedReadModel[]> =>
    checkReadModels({ kind: 'core', store: embeddedIn(party.directory), keyDirectory: join(party.directory, 'keys'), models });
  const schema = (name: string): string => schemaOf(location, projectionsOf.core.find((one) => one.name === name) as (typeof projectionsOf.core)[number]);
  const query = (text: string): Promise<unknown> => server.query(text, [], location.url);

  it('are as the events say', async () => {
    await folded();
    const checked = await check();
    expect(checked.map(({ model }) => model)).toEqual(NAMES);
    expect(checked.map(({ finding }) => finding)).toEqual(NAMES.map(() => undefined));
    expect(checked[0]).toMatchObject({ position: party.position, rows: EXCHANGES });
  });

  it('are found where a row was changed, one was taken away, a count was', async () => {
    await folded();
    const table = `"${schema('exchanges')}".exchanges`;
    const [changed] = projectionsOf.core;
    expect(changed?.name).toBe('exchanges');
    await query(`update ${table} set department = 'tax' where ctid = (select min(ctid) from ${table})`);
    expect((await check())[0]?.finding).toEqual({ code: 'DIFFERS', detail: 'a row of exchanges is not what the events say' });
    await query(`update ${table} set department = 'child-welfare'`);
    expect((await check())[0]?.finding).toBeUndefined();
    await query(`delete from ${table} where ctid = (select min(ctid) from ${table})`);
    expect((await check())[0]?.finding?.code).toBe('DIFFERS');
  });

  it('are unreadable where a table was dropped', async () => {
    await folded();
    await query(`drop table "${schema('exchanges')}".exchanges`);
    expect((await check())[0]?.finding?.code).toBe('UNREADABLE');
  });

  it('are none where nothing was ever folded; a database that does not answer is no finding', async () => {
    expect(await check()).toEqual([]);
    await expect(check({ ...location, url: 'postgres://renkei@127.0.0.1:1/none' })).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });
});
