import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { affairOf, inAgencyNumber, INFORMATION, Nation, SetUp, theCast, thePeople } from '#apps/sandbox';
import { valueOf } from '#libs/agency-sdk';
import { newExchangeId } from '#libs/cryptography';
import { CliProcess } from './processes/cli-process.js';

const WITHIN_MS = 90_000;
const LANG = { LANG: 'C' };

/** The assembled system against its own operator: a nation over real HTTP, stopped, changed on disk, and started again. */
describe('the ledger of a nation', () => {
  let directory: string;
  let nation: Nation;
  const start = async (): Promise<void> => {
    nation = await Nation.start({ directory, basePort: 0, logLevel: 'error' });
    await new SetUp(nation, undefined, 'en', 'identifiers').run();
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'renkei-ledger-e2e-'));
    await start();
  }, 120_000);
  afterEach(async () => {
    await nation.close();
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  const requester = () => theCast().toyonaka;
  async function ask(): Promise<string> {
    const exchangeId = newExchangeId(Date.parse(nation.clock.now()));
    const [submitted] = await nation.client(requester()).submitQueries([
      {
        exchangeId,
        inAgencyNumber: inAgencyNumber(requester(), thePeople().kenta),
        provider: theCast().tokorozawa.code,
        affair: affairOf('74'),
        information: INFORMATION.localTax,
        period: '2020',
        department: 'child-welfare',
        nonDisclosure: false,
      },
    ]);
    if (!submitted) throw new Error('no answer');
    valueOf(submitted);
    return exchangeId;
  }
  const statusOf = async (exchangeId: string): Promise<string> => {
    const [state] = await nation.client(requester()).queryStatuses([{ exchangeId }]);
    return state?.ok ? state.value.status : 'unknown';
  };
  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`${what} did not happen within ${WITHIN_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const ended = (exchangeId: string): Promise<void> => until('the end of a query', async () => (await statusOf(exchangeId)) === 'ended'); // no replica is there
  const renkei = (...args: readonly string[]) => CliProcess.run([...args], LANG);
  const evidenceOf = async (interfaceSystem: string): Promise<string[]> => {
    const place = join(directory, 'parties', interfaceSystem, 'evidence');
    const files = await readdir(place).catch(() => []);
    return Promise.all(files.map((file) => readFile(join(place, file), 'utf8')));
  };

  it('notices a core that was set back to an older copy, keeps both checkpoints, and goes on when operators accept a new epoch', async () => {
    await ended(await ask());
    const core = join(directory, 'parties', 'core');
    await nation.close();
    await cp(core, join(directory, 'older'), { recursive: true });
    await start();
    for (let lost = 0; lost < 4; lost += 1) await ended(await ask()); // more than the older copy will record until it is noticed
    await nation.close();
    await rm(core, { recursive: true });
    await cp(join(directory, 'older'), core, { recursive: true });

    await start();
    const lost = await ask();
    await until('evidence', async () => (await evidenceOf('ifs-local')).length > 0);
    const [evidence = ''] = await evidenceOf('ifs-local');
    expect(evidence.split('sandbox.renkei.example/core/1').length).toBeGreaterThan(2);
    expect(await statusOf(lost)).toBe('submitted');
    await nation.close();

    const known = await readFile(join(directory, 'parties', 'ifs-local', 'known-logs.json'), 'utf8');
    const previous = join(directory, 'previous.note');
    const { logs } = JSON.parse(known) as { readonly logs: readonly { readonly origin: string; readonly checkpoint?: string }[] };
    await writeFile(previous, logs.find(({ origin }) => origin.includes('/core/'))?.checkpoint ?? '');
    const opened = await renkei('ledger', 'open-epoch', 'core', '--data', directory, '--previous', previous, '--json');
    expect(opened).toMatchObject({ status: 0, stderr: '' });
    const { key } = JSON.parse(opened.stdout) as { key: string };

    await start();
    const refused = await ask();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await statusOf(refused)).toBe('submitted');
    for (const id of nation.interfaceSystems.keys()) {
      expect(await renkei('ledger', 'trust', '--interface-system-data', join(directory, 'parties', id), '--vkey', key)).toMatchObject({ status: 0 });
    }
    await ended(refused);
    await ended(await ask());
  }, 180_000);

  it('goes on while a key of the core is replaced: both keys sign until the old one is retired', async () => {
    const known = async (): Promise<readonly string[]> => {
      const text = await readFile(join(directory, 'parties', 'ifs-local', 'known-logs.json'), 'utf8');
      const { logs } = JSON.parse(text) as { readonly logs: readonly { readonly origin: string; readonly keys: readonly string[] }[] };
      return logs.find(({ origin }) => origin.includes('/core/'))?.keys ?? [];
    };
    await nation.close();
    const rotated = await renkei('ledger', 'rotate-key', 'core', '--data', directory, '--json');
    expect(rotated).toMatchObject({ status: 0, stderr: '' });
    const { key } = JSON.parse(rotated.stdout) as { readonly key: string };
    await start();
    await ended(await ask());
    expect(nation.core.party.ledger?.checkpoint.note.match(/^— /gm)).toHaveLength(2);
    await until('the new key', async () => (await known()).includes(key));
    await nation.close();
    expect(await renkei('ledger', 'retire-key', 'core', '--data', directory, '--json')).toMatchObject({ status: 0, stderr: '' });
    await start();
    await ended(await ask());
    expect(nation.core.party.ledger?.checkpoint.note.match(/^— /gm)).toHaveLength(1);
  }, 180_000);

  it('has the log of a server that was set back witnessed again only when an operator of the core accepts its new epoch', async () => {
    const witness = 'sandbox.renkei.example/core';
    const cosigned = (): number => nation.intermediateServers.get('is-west')?.party.ledger?.witnessed.sizes.get(witness) ?? 0;
    const server = join(directory, 'parties', 'is-west');
    await nation.close();
    await cp(server, join(directory, 'older'), { recursive: true });
    await start();
    await ended(await ask());
    const size = nation.intermediateServers.get('is-west')?.party.ledger?.checkpoint.size ?? 0;
    await until('a cosignature', async () => Promise.resolve(cosigned() >= size));
    const previous = join(directory, 'previous.note');
    await writeFile(previous, nation.intermediateServers.get('is-west')?.party.ledger?.checkpoint.note ?? '');
    await nation.close();
    await rm(server, { recursive: true });
    await cp(join(directory, 'older'), server, { recursive: true });
    const opened = await renkei('ledger', 'open-epoch', 'is-west', '--data', directory, '--previous', previous, '--json');
    expect(opened).toMatchObject({ status: 0, stderr: '' });
    const { key } = JSON.parse(opened.stdout) as { readonly key: string };
    await start();
    await ended(await ask());
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(cosigned()).toBe(0);
    const operator = ['--core', nation.core.url, '--operator', 'operator', '--key', join(directory, 'keys', 'operator', 'signing-current.pem')];
    expect(await renkei('ledger', 'accept-epoch', '--server', 'is-west', '--vkey', key, ...operator)).toMatchObject({ status: 0, stderr: '' });
    await until('a cosignature of the new epoch', async () => Promise.resolve(cosigned() > 0));
  }, 180_000);
});
