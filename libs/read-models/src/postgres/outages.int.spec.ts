import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultyProxy } from '../../../../test/support/postgres/proxy.js';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/postgres/server.js';
import type { PostgresLocation } from '../models-location.js';
import { projectionsOf } from '../models-of-party.js';
import { at, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import { type Alarm, areReachable, type ReadModels } from '../read-models.js';
import { openReadModels } from '../thread/threaded-read-models.js';
import { until } from './projectors.fixture.js';
import { schemaOf } from './schema.js';

const KEY = 'record/core/2020-05';
const CATCHES_UP_MS = 90_000;

describe('a database that is in the way', () => {
  let server: PostgresServer;
  let proxy: FaultyProxy;
  let party: TestParty;
  let models: ReadModels;
  let url: string;
  let direct: string;
  let recorded = 0;
  const alarms: Alarm[] = [];
  beforeAll(async () => {
    server = await postgresServer();
  }, SERVER_START_TIMEOUT_MS);
  afterAll(() => server.stop());
  beforeEach(async () => {
    alarms.length = 0;
    recorded = 0;
    party = await TestParty.open('core');
    direct = await server.database();
    proxy = new FaultyProxy(direct);
    url = await proxy.open();
  });
  afterEach(async () => {
    await models.close();
    await proxy.close();
    await party.close();
  });

  const open = async (options: Partial<PostgresLocation> = {}): Promise<void> => {
    const location: PostgresLocation = { kind: 'postgres', url, deployment: 'test', party: 'core', ...options };
    models = await openReadModels({ ...party.places, models: location, onAlarm: (alarm) => alarms.push(alarm) });
  };
  const record = async (count = 1): Promise<void> => {
    const numbers = Array.from({ length: count }, () => (recorded += 1));
    await party.record(...numbers.map((number) => ({ stream: `exchange-${exchangeId(number)}`, events: [core.denied('x', facts())], at: at(1), keyId: KEY })));
  };
  const all = async (timeoutMs = CATCHES_UP_MS): Promise<number> => {
    const { rows } = await models.ask('statistics', { by: ['month'], limit: 10 }, { atLeast: party.position, timeoutMs });
    return rows.reduce((sum, { exchanges }) => sum + exchanges, 0);
  };
  const refusal = (asked: Promise<unknown>): Promise<unknown> =>
    asked.then(
      () => 'an answer',
      (error: { code?: unknown }) => error.code,
    );
  const codes = (): readonly string[] => alarms.map(({ code }) => code);
  const trouble = async (): Promise<string | undefined> => (await models.lag()).find((lag) => lag.trouble !== undefined)?.trouble;

  it('killed while it is written to, and started again: all is folded, nothing twice', async () => {
    await record(500);
    await open();
    if (!server.own) {
      process.stderr.write(`skipped: another's server (TEST_POSTGRES_URL) is not killed\n`);
      return;
    }
    expect(await all()).toBe(recorded);
    for (let kill = 0; kill < 3; kill += 1) {
      for (let page = 0; page < 10; page += 1) await record(100);
      await sleep(40 * kill);
      await server.own.kill();
      expect(['READ_MODELS_DOWN', 'READ_MODELS_TIMEOUT']).toContain(await refusal(all(500)));
      await until(async () => (await trouble()) !== undefined);
      expect(await areReachable(models)).toBe(false);
      await server.own.start();
      expect(await all()).toBe(recorded);
      expect(await areReachable(models)).toBe(true);
    }
    expect(new Set(codes())).toEqual(new Set(['DATABASE_UNREACHABLE']));
    expect(codes().length).toBe(3); // one a time, however often it was tried
  }, 120_000);

  it('out of reach from the start: opens all the same, and begins when it is there', async () => {
    proxy.mode = 'refuse';
    await open();
    await record();
    await until(async () => (await trouble()) === 'DATABASE_UNREACHABLE');
    expect(await refusal(models.ask('exchanges', { limit: 1 }, { timeoutMs: 100 }))).toBe('READ_MODEL_NOT_READY');
    proxy.mode = 'pass';
    expect(await all()).toBe(1);
    expect(codes()).toEqual(['DATABASE_UNREACHABLE']);
    expect(await trouble()).toBeUndefined();
  }, 240_000);

  it('half-open: questions end in time, and it is left for a connection that answers', async () => {
    await record();
    await open();
    expect(await all()).toBe(1);
    proxy.mode = 'silent';
    expect(await refusal(models.ask('exchanges', { limit: 1 }, { timeoutMs: 500 }))).toBe('READ_MODELS_TIMEOUT');
    await record();
    await until(async () => (await trouble()) !== undefined);
    proxy.mode = 'pass'; // for new connections: what was held is never answered
    expect(await all()).toBe(2);
    expect(await refusal(models.ask('exchanges', { limit: 1 }))).toBe('an answer');
  }, 240_000);

  it('slow: is waited for', async () => {
    await record(20);
    proxy.mode = 'slow';
    await open();
    expect(await all()).toBe(20);
    await record(20);
    expect(await all()).toBe(40);
    expect(codes()).toEqual([]);
  }, 240_000);

  it('read-only: answers from what is folded, says so, and goes on when it may be written to', async () => {
    await record();
    await open();
    expect(await all()).toBe(1);
    const name = new URL(direct).pathname.slice(1);
    await server.query(`alter database "${name}" set default_transaction_read_only = on`);
    proxy.cut();
    await record();
    await until(async () => (await trouble()) === 'DATABASE_READ_ONLY');
    expect((await models.ask('exchanges', { limit: 5 })).rows.length).toBe(1);
    expect(await areReachable(models)).toBe(false);
    await server.query(`alter database "${name}" reset default_transaction_read_only`);
    expect(await all()).toBe(2);
    expect(codes()).toEqual(['DATABASE_READ_ONLY']);
  }, 240_000);

  it('of a version that is too old: is not written to, until it is another one', async () => {
    const [row] = await server.query<{ server_version_num: string }>('show server_version_num');
    const version = Buffer.from(row?.server_version_num ?? '');
    proxy.rewrite = (bytes) => Buffer.from(bytes.toString('latin1').replaceAll(version.toString(), '090624'), 'latin1');
    await open();
    await record();
    await until(async () => (await trouble()) === 'DATABASE_TOO_OLD');
    expect(await server.query('select 1 from pg_namespace where nspname like $1', ['test_core_%'], direct)).toEqual([]);
    proxy.rewrite = (bytes) => bytes;
    expect(await all()).toBe(1);
  }, 240_000);

  it('made by newer code: is not touched', async () => {
    await open();
    await record();
    expect(await all()).toBe(1);
    await models.close();
    const [exchanges] = projectionsOf.core;
    const schema = exchanges && schemaOf({ deployment: 'test', party: 'core' }, exchanges);
    await server.query(`insert into "${schema}".kysely_migration (name, timestamp) values ('9999-newer', '2030')`, [], direct);
    await open();
    await until(async () => (await trouble()) === 'DATABASE_SCHEMA_UNKNOWN');
  }, 240_000);

  it('that refuses the password: reads it again, and shows it to nobody', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'renkei-password-'));
    const passwordFile = join(directory, 'password');
    const name = `reader_${Date.now()}`;
    await server.query(`create role "${name}" login password 'the right one'`);
    await server.query(`grant create on database "${new URL(direct).pathname.slice(1)}" to "${name}"`);
    writeFileSync(passwordFile, 'a wrong one\n');
    const withoutPassword = Object.assign(new URL(url), { username: name, password: '' }).href;
    try {
      await open({ url: withoutPassword, passwordFile });
      await record();
      await until(async () => (await trouble()) === 'DATABASE_REFUSED');
      expect(await refusal(models.ask('exchanges', { limit: 1 }, { timeoutMs: 100 }))).toBe('READ_MODEL_NOT_READY');
      writeFileSync(passwordFile, 'the right one\n');
      expect(await all()).toBe(1);
      expect(JSON.stringify(alarms, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).not.toMatch(/wrong|right|127\.0\.0\.1/);
    } finally {
      await models.close();
      rmSync(directory, { recursive: true });
      await server.query(`drop owned by "${name}"`, [], direct);
      await server.query(`drop role "${name}"`);
    }
  }, 240_000);
});
