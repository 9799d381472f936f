import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/postgres/server.js';
import type { PostgresLocation } from '../models-location.js';
import { projectionsOf } from '../models-of-party.js';
import { at, contentOf, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import { ModelFile } from '../sqlite/model-file.js';
import { PostgresModels } from './postgres-models.js';
import { type Commit, Projectors, until, Witness } from './projectors.fixture.js';
import { lockKeyOf, schemaOf } from './schema.js';

const KEY = 'record/core/2020-05';
const PROJECTORS = 3;
const KILLS = 6;
const PAUSE_MS = 20;

describe('several processes that fold one party', () => {
  let server: PostgresServer;
  let party: TestParty;
  let location: PostgresLocation;
  let projectors: Projectors;
  let witness: Witness;
  let recorded = 0;
  let feeding = false;
  beforeAll(async () => {
    server = await postgresServer();
  }, SERVER_START_TIMEOUT_MS);
  afterAll(() => server.stop());
  beforeEach(async () => {
    party = await TestParty.open('core');
    recorded = 0;
    location = { kind: 'postgres', url: await server.database(), deployment: 'test', party: 'core' };
    projectors = new Projectors({ ...party.places, models: location });
    witness = new Witness((text) => server.query(text, [], location.url), location, projectionsOf.core);
  });
  afterEach(async () => {
    feeding = false;
    await projectors.killAll();
    await party.close();
  });

  /** Exchanges, agencies and identifiers, a few at a time, so that every projection has something to do. */
  async function record(): Promise<void> {
    const numbers = Array.from({ length: 10 }, () => (recorded += 1));
    const streams = numbers.map((number) => `exchange-${exchangeId(number)}`);
    const person = party.cipher.issue('9900000000000001', party.cipher.linkOf('12345678901'), 1);
    const issued = { holder: '9900000000000001', epoch: 1, generation: 1, identifier: { value: 'x' }, acquisition: 'a' };
    await party.record(...streams.map((stream) => ({ stream, events: [core.permitted(person, facts())], at: at(1), keyId: KEY })), {
      stream: `identifier-${recorded.toString(16).padStart(32, '0')}`,
      events: [{ type: 'IdentifierIssued', data: issued }],
      at: at(1),
      keyId: KEY,
    });
    await party.record(...streams.map((stream) => ({ stream, events: [core.provided(at(2))], at: at(2), keyId: KEY })));
  }
  async function feed(): Promise<void> {
    for (feeding = true; feeding; await sleep(PAUSE_MS)) await record();
  }
  const owners = (): Promise<ReadonlyMap<string, number>> => witness.owners();
  const allOwned = async (): Promise<boolean> => (await owners()).size === projectionsOf.core.length;
  const caughtUp = async (): Promise<boolean> => (await witness.checkpoints()).every((position) => position === party.position.toString());

  async function started(count: number): Promise<void> {
    await projectors.start();
    await until(allOwned);
    await witness.begin();
    for (let more = 1; more < count; more += 1) await projectors.start();
  }

  /** Each commit goes on where the one before it ended, and no generation writes after a later one. */
  function expectNothingTwiceNorMissed(commits: readonly Commit[]): void {
    for (const projection of projectionsOf.core) {
      const own = commits.filter(({ schema }) => schema === schemaOf(location, projection));
      for (const [place, commit] of own.entries()) {
        const former = own[place - 1];
        if (!former) continue;
        expect(commit.before).toBe(former.after);
        expect(BigInt(commit.after)).toBeGreaterThanOrEqual(BigInt(commit.before));
        expect(BigInt(commit.generation)).toBeGreaterThanOrEqual(BigInt(former.generation));
        if (commit.generation === former.generation) expect(commit.pid).toBe(former.pid);
      }
      expect(own.at(-1)?.after).toBe(party.position.toString());
    }
  }

  /** What is there is what SQLite's files hold of the same history. */
  async function expectSameAsSqlite(): Promise<void> {
    const models = party.models('expected');
    await models.caughtUp(party.position, 30_000);
    await models.close();
    const stored = new PostgresModels(location, projectionsOf.core, () => undefined);
    for (const {
      projection,
      shown: { rows },
    } of stored.models) {
      const file = ModelFile.open(join(party.directory, 'expected'), projection);
      expect(await contentOf(rows, projection)).toEqual(await contentOf(file, projection));
      file.close();
    }
    await stored.close();
  }

  it('share the projections among them, and as many as there are left take over what one of them held', async () => {
    await started(PROJECTORS);
    await until(async () => new Set((await owners()).values()).size === PROJECTORS);
    const [first] = projectors.running;
    if (first) await projectors.kill(first);
    await until(async () => (await allOwned()) && new Set((await owners()).values()).size === PROJECTORS - 1);
    await record();
    await until(caughtUp);
    expectNothingTwiceNorMissed(await witness.commits());
    expect(projectors.alarms).toEqual([]);
  }, 60_000);

  it('fold every event once, however often one of them is killed', async () => {
    await started(PROJECTORS);
    const fed = feed();
    const killed = new Set<number>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await sleep(700 + 150 * kill);
      await until(allOwned);
      const pids = [...(await owners()).values()];
      const victim = projectors.of(pids[kill % pids.length] ?? 0);
      if (!victim) throw new Error('the owner is not one of the projectors');
      killed.add(victim.pid ?? 0);
      await projectors.kill(victim);
      await projectors.start();
    }
    feeding = false;
    await fed;
    await until(caughtUp);
    const commits = await witness.commits();
    expectNothingTwiceNorMissed(commits);
    expect(await witness.repeated()).toEqual([]);
    expect(killed.size).toBe(KILLS);
    expect(commits.filter(({ pid, before, after }) => killed.has(pid) && before !== after).length).toBeGreaterThan(KILLS);
    await expectSameAsSqlite();
    expect(projectors.alarms).toEqual([]);
  }, 120_000);

  it('put out one that has fallen silent, and nothing that it had in hand is written after', async () => {
    await started(2);
    const fed = feed();
    const exchanges = projectionsOf.core[0];
    if (!exchanges) throw new Error('the core has projections');
    const key = lockKeyOf(schemaOf(location, exchanges));
    await until(async () => new Set((await owners()).values()).size === 2);
    const paused = projectors.of((await owners()).get(key) ?? 0);
    paused?.kill('SIGSTOP');
    await until(async () => (await owners()).get(key) !== paused?.pid && (await allOwned()));
    paused?.kill('SIGCONT');
    await until(async () => new Set((await owners()).values()).size === 2); // it takes part again
    feeding = false;
    await fed;
    await until(caughtUp);
    expectNothingTwiceNorMissed(await witness.commits());
    expect(await witness.repeated()).toEqual([]);
    await expectSameAsSqlite();
    expect(new Set(projectors.alarms)).toEqual(new Set(['OWNER_SILENT']));
  }, 120_000);
});
