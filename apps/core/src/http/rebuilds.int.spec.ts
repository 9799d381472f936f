import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RebuildsResponse } from '#libs/read-models-service';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { CITY_A, CITY_X, LEAF, TestCore } from '../core.fixture.js';

describe('read models of the core, for its operator', () => {
  let core: TestCore;
  const clients: ServiceClient[] = [];
  beforeEach(async () => {
    core = await TestCore.open();
    await core.setUp();
    const x = await core.identifier(CITY_X, '10000000001');
    await core.identifier(CITY_A, '10000000001');
    await core.service.decideQueries('ifs-east', [core.query(x), core.query(x)]);
    await caughtUp();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await core.close();
  });

  const caughtUp = async (): Promise<void> => core.running.models.caughtUp(await core.running.party.store.lastPosition(), 20_000);
  const operator = (): ServiceClient => {
    const { keyId, privateKey } = core.keys.operator;
    const client = new ServiceClient({
      address: core.running.url,
      audience: 'core',
      signer: new TokenSigner({ issuer: 'alice', keyId, privateKey }),
      attemptsMax: 1,
    });
    clients.push(client);
    return client;
  };
  const rebuild = (body: object): Promise<unknown> => operator().call({ method: 'POST', path: '/operations/rebuilds', body, idempotent: false });
  const list = (): Promise<RebuildsResponse> => operator().call<RebuildsResponse>({ method: 'GET', path: '/operations/rebuilds', idempotent: true });
  const until = async (isSo: (told: RebuildsResponse) => boolean): Promise<RebuildsResponse> => {
    for (;;) {
      const told = await list();
      if (isSo(told)) return told;
      await sleep(50);
    }
  };
  /** An answer with its head, and its rows. */
  async function search(): Promise<{ readonly stale: string | null; readonly rows: number }> {
    const { keyId, privateKey } = core.keys.operator;
    const body = Buffer.from(JSON.stringify({ requester: CITY_X, limit: 10 }));
    const path = '/records/search';
    const token = await new TokenSigner({ issuer: 'alice', keyId, privateKey }).sign('core', { method: 'POST', path, body });
    const answer = await fetch(`${core.running.url}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    });
    const { rows } = (await answer.json()) as { rows: unknown[] };
    return { stale: answer.headers.get('renkei-stale'), rows: rows.length };
  }

  it('are rebuilt on request, equal to the byte, and nobody is told anything again', async () => {
    // both are over, and their provider's side was told: whatever it were told now would be told again
    await core.until(() => core.west.demands.length === 2);
    const withdrawal = { requester: CITY_X, withdrawnAt: core.clock.now(), requesterLeaf: LEAF };
    await core.service.withdrawQueries(
      'ifs-east',
      core.west.demands.map(({ exchangeId }) => ({ ...withdrawal, exchangeId })),
    );
    await core.until(() => core.west.withdrawals.length === 2);
    await caughtUp();
    const told = (): object => ({ demands: [...core.west.demands], withdrawals: [...core.west.withdrawals], open: core.running.notifier.openCount });
    const toldBefore = told();
    expect(await search()).toEqual({ stale: null, rows: 2 });
    const begun = await rebuild({ sharePercent: 100 });
    expect(begun).toMatchObject({ rebuilds: ['exchanges', 'identifiers', 'register'].map((projection) => ({ projection, to: 'rebuild', automatic: false })) });
    const { rebuilds, projections } = await until((told) => told.rebuilds.every(({ stage }) => stage === 'done'));
    for (const { outcome } of rebuilds) expect(outcome).toMatchObject({ switched: true, view: { version: 1, build: 1 }, comparison: { equal: true } });
    expect(projections).toMatchObject([{ projection: 'exchanges', version: 1, ready: true }, {}, {}]);
    expect(projections.some(({ stale }) => stale)).toBe(false);
    expect(await search()).toEqual({ stale: null, rows: 2 });
    expect(told()).toEqual(toldBefore);
    expect(toldBefore).toMatchObject({ open: 0 });
  });

  it('that are unknown are refused with the names of those there are, and others may not ask', async () => {
    await expect(rebuild({ projections: ['records'] })).rejects.toMatchObject({
      code: 'PROJECTION_UNKNOWN',
      message: expect.stringMatching(/exchanges, identifiers, register/),
    });
    await expect(rebuild({ projections: [] })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(rebuild({ sharePercent: 4 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const { keyId, privateKey } = core.keys.east;
    const other = new ServiceClient({
      address: core.running.url,
      audience: 'core',
      signer: new TokenSigner({ issuer: 'ifs-east', keyId, privateKey }),
      attemptsMax: 1,
    });
    clients.push(other);
    await expect(other.call({ method: 'POST', path: '/operations/rebuilds', body: {}, idempotent: false })).rejects.toMatchObject({ code: 'CALLER_FORBIDDEN' });
  });

  it('of an older version answer, marked, while new code cannot build its own yet; then by themselves no more', async () => {
    await core.running.close();
    const directory = join(core.directory, 'data', 'read-models');
    // as an older version's code would have left it; and something stands where the new view is to be built
    for (const suffix of ['', '-wal', '-shm'])
      try {
        renameSync(join(directory, `exchanges-v1.sqlite${suffix}`), join(directory, `exchanges-v0.sqlite${suffix}`));
      } catch {
        expect(suffix).not.toBe('');
      }
    writeFileSync(join(directory, 'exchanges-v1.json'), JSON.stringify({ building: { build: 0 } }));
    mkdirSync(join(directory, 'exchanges-v1.sqlite'));
    await core.start();
    const { projections } = await until((told) => told.rebuilds.some(({ trouble }) => trouble !== undefined));
    const position = projections[0]?.stale?.position;
    expect(projections[0]).toMatchObject({ projection: 'exchanges', version: 1, ready: true, stale: { version: 0 }, checkpoint: position });
    expect(await search()).toEqual({ stale: `exchanges@${position}`, rows: 2 });
    expect(await (await fetch(`${core.running.url}/health/ready`)).json()).toMatchObject({ warnings: ['READ_MODEL_STALE'] });
    expect(await (await fetch(`${core.running.url}/metrics`)).text()).toMatch(
      /renkei_read_model_stale\{projection="exchanges",app="Renkei core"\} 1|renkei_read_model_stale\{[^}]*projection="exchanges"[^}]*\} 1/,
    );
    // the core works on: what is decided now is driven from memory
    const x = await core.identifier(CITY_X, '10000000002');
    await core.identifier(CITY_A, '10000000002');
    expect(await core.service.decideQueries('ifs-east', [core.query(x)])).toMatchObject({ outcomes: [{ ok: true }] });
    rmdirSync(join(directory, 'exchanges-v1.sqlite'));
    const after = await until((told) => told.projections.every(({ stale }) => stale === undefined));
    expect(after.rebuilds).toMatchObject([
      {
        projection: 'exchanges',
        automatic: true,
        stage: 'done',
        outcome: { view: { version: 1, build: 0 }, comparison: { position: String(position), equal: true, against: { version: 0 } } },
      },
    ]);
    await caughtUp();
    while ((await search()).stale !== null) await sleep(50); // the main thread hears of it half a second later
    expect(await search()).toEqual({ stale: null, rows: 3 });
  }, 60_000);
});
