import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { affairOf, inAgencyNumber, INFORMATION, Nation, SetUp, theCast, thePeople } from '#apps/sandbox';
import { newExchangeId } from '#libs/cryptography';
import { runInProcess } from '../../apps/cli/src/program.fixture.js';

interface Told {
  readonly ok: boolean;
  readonly rebuilds: readonly {
    readonly party: string;
    readonly projection: string;
    readonly stage: string;
    readonly outcome: { readonly view: object; readonly comparison?: { readonly equal: boolean } };
  }[];
}

describe('renkei rebuild', () => {
  let directory: string;
  let nation: Nation;
  let isRunning = false;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'renkei-rebuild-e2e-'));
    nation = await Nation.start({ directory, basePort: 0, logLevel: 'silent' });
    isRunning = true;
    await new SetUp(nation, undefined, 'en', 'identifiers').run();
    await Promise.all([ask(), ask(), ask()]);
  }, 120_000);
  afterAll(async () => {
    if (isRunning) await nation.close();
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  const requester = () => theCast().toyonaka;
  async function ask(): Promise<void> {
    const line = {
      exchangeId: newExchangeId(Date.parse(nation.clock.now())),
      inAgencyNumber: inAgencyNumber(requester(), thePeople().kenta),
      provider: theCast().tokorozawa.code,
      affair: affairOf('74'),
      information: INFORMATION.localTax,
      period: '2020',
      department: 'child-welfare',
      nonDisclosure: false,
    };
    await nation.client(requester()).submitQueries([line], { waitMs: 10_000 });
  }
  /** What an agency is told, to its end. */
  async function feed(): Promise<readonly string[]> {
    const page = await nation.client(requester()).feed({ limit: 100 });
    return page.events.map((event) => JSON.stringify(event));
  }
  const key = (): readonly string[] => ['--operator', 'operator', '--key', join(directory, 'keys', 'operator')];
  const at = (server: string, url: string, ...args: readonly string[]) => runInProcess(['rebuild', '--server', url, '--server-id', server, ...key(), ...args]);

  it('has the running servers build their views anew while they work, and nobody is told anything twice', async () => {
    const before = await feed();
    expect(before.length).toBeGreaterThan(0);
    const east = nation.intermediateServers.get('is-east');
    if (!east) throw new Error('there is an eastern server');
    const [core, server] = await Promise.all([
      at('core', nation.core.url, '--all', '--json'),
      at('is-east', east.url, '--all', '--json', '--share', '100'),
      ask(),
    ]);
    for (const { status, stdout, stderr } of [core, server]) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const { outcome } of (JSON.parse(stdout) as Told).rebuilds)
        expect(outcome).toMatchObject({ switched: true, view: { build: 1 }, comparison: { equal: true } });
    }
    const after = await feed();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after).size).toBe(after.length);
    const back = await at('is-east', east.url, 'feed', '--back');
    expect({ status: back.status, stdout: back.stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('is-east/feed') });
    expect(await feed()).toEqual(after);
    const unknown = await at('core', nation.core.url, 'records');
    expect(unknown).toMatchObject({ status: 1, stderr: expect.stringContaining('exchanges, identifiers, register') });
  }, 120_000);

  it('does it under the lock where no process runs, tells of one that does, and names what there is', async () => {
    const inDirectory = (...args: readonly string[]) => runInProcess(['rebuild', '--data', directory, ...args]);
    expect(await inDirectory('exchanges')).toMatchObject({ status: 69, stderr: expect.stringContaining('--server') });
    isRunning = false;
    await nation.close();
    expect(await inDirectory('nothing', '--json')).toMatchObject({ status: 2, stderr: expect.stringMatching(/"code":"exchanges".*"code":"subjects"/) });
    expect(await inDirectory('feed', '--party', 'core')).toMatchObject({ status: 2 });
    expect(await inDirectory()).toMatchObject({ status: 2 });
    expect(await inDirectory('--all', 'feed')).toMatchObject({ status: 2 });
    const { status, stdout, stderr } = await inDirectory('--all', '--party', 'core', '--party', 'is-east');
    expect({ status, stderr: stderr.includes('building views') }).toEqual({ status: 0, stderr: true });
    expect(stdout).toMatch(/core\/exchanges +[\d,]+ +[\d,]+ +switched to; equal: 29 rows/);
    const models = join(directory, 'parties', 'core', 'read-models');
    expect(JSON.parse(readFileSync(join(models, 'exchanges-v1.json'), 'utf8'))).toEqual({ live: 2, former: 1 });
    expect(existsSync(join(models, 'exchanges-v1.sqlite'))).toBe(false);
    const back = await inDirectory('exchanges', '--back', '--lang', 'ja');
    expect(back).toMatchObject({ status: 0, stdout: expect.stringContaining('切り替えました') });
    expect(JSON.parse(readFileSync(join(models, 'exchanges-v1.json'), 'utf8'))).toEqual({ live: 1, former: 2 });
  }, 120_000);
});
