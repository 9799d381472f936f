import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { affairOf, type CastAgency, inAgencyNumber, INFORMATION, type Nation, PortalIdentifiers, theCast, thePeople } from '#apps/sandbox';
import { CliProcess } from './processes/cli-process.js';
import { smallNation } from './small-nation.js';

type Variables = Readonly<Record<string, string>>;
const DEPARTMENT = ['--department', 'child-welfare'];

/** The command line at the servers of a small nation: an official's day at both sides of an exchange, and those who look on. */
describe('renkei at the servers', () => {
  let nation: Nation;
  let close: (() => Promise<void>) | undefined;
  const profiles = new Map<string, Variables>();
  const kenta = thePeople().kenta;
  const { toyonaka, tokorozawa } = theCast();

  beforeAll(async () => {
    ({ nation, close } = await smallNation());
    for (const agency of [toyonaka, tokorozawa]) {
      const directory = join(nation.directory, 'profiles', agency.code);
      mkdirSync(directory, { recursive: true });
      const pem = nation.keys.of(agency.code).privateKey.export({ type: 'pkcs8', format: 'pem' });
      writeFileSync(join(directory, 'key.pem'), pem, { mode: 0o600 });
      const server = nation.intermediateServers.get(agency.server)?.url;
      writeFileSync(join(directory, 'profile.json'), JSON.stringify({ server, agency: agency.code, key: 'key.pem' }));
      profiles.set(agency.code, { RENKEI_PROFILE: join(directory, 'profile.json') });
    }
  }, 120_000);
  afterAll(async () => {
    await CliProcess.stopAll();
    await close?.();
  });

  /** Runs a command in an agency's name; kenta's number there comes by standard input. */
  const as = async (agency: CastAgency, args: readonly string[], input = inAgencyNumber(agency, kenta)) => {
    const ended = await CliProcess.run([...args, '--json'], profiles.get(agency.code) ?? {}, input);
    return { status: ended.status, stderr: ended.stderr, told: ended.stdout === '' ? undefined : (JSON.parse(ended.stdout) as Record<string, unknown>) };
  };
  const ask = (...rest: string[]) =>
    as(toyonaka, ['query', '--person', '-', '--provider', '所沢市', '--affair', '74', '--information', '2', '--period', '2020', ...DEPARTMENT, ...rest]);
  const exchangeOf = ({ told }: { told: Record<string, unknown> | undefined }): string => String(told?.['exchangeId']);

  it('registers a replica, corrects nothing that stands already, and shows it', async () => {
    const content = join(nation.directory, 'content.json');
    writeFileSync(content, JSON.stringify({ totalIncome: 4_120_000, incomeLevy: 247_200, filed: true }));
    const register = ['replicas', 'register', '--person', '-', '--information', '2', '--dataset', 'assessment', '--period', '2020', '--layout', '2019-06'];
    expect(await as(tokorozawa, [...register, '--content', content])).toMatchObject({ status: 0, told: { recorded: true } });
    expect(await as(tokorozawa, [...register, '--content', content])).toMatchObject({ status: 0, told: { recorded: false } });
    const held = await as(tokorozawa, ['replicas', 'search', '--person', '-']);
    expect(held).toMatchObject({ status: 0, told: { replicas: [{ information: INFORMATION.localTax, content: { totalIncome: 4_120_000 } }], blocked: [] } });
    expect((await as(toyonaka, ['replicas', 'search', '--person', '-'])).status).toBe(1);
  }, 30_000);

  it('asks who has it', async () => {
    const holders = await as(toyonaka, ['holders', '--person', '-', '--affair', '74', '--information', '2', ...DEPARTMENT]);
    expect(holders.told).toMatchObject({ holders: expect.arrayContaining([tokorozawa.code]) });
  }, 30_000);

  it('lets an official hold, release and end what is asked, and the requester withdraw', async () => {
    expect((await as(tokorozawa, ['replicas', 'block', '--person', '-', '--department', 'tax'])).status).toBe(0);
    const [released, ended, withdrawn] = [await ask(), await ask(), await ask()].map(exchangeOf);
    const list = async (): Promise<readonly string[]> => {
      const { told } = await as(tokorozawa, ['held', 'list']);
      return (told?.['provisions'] as { exchangeId: string }[]).map(({ exchangeId }) => exchangeId);
    };
    const until = performance.now() + 20_000;
    let waiting = await list();
    while (waiting.length < 3 && performance.now() < until) waiting = await list();
    expect([...waiting].sort()).toEqual([released, ended, withdrawn].sort());

    expect(await as(tokorozawa, ['held', 'release', released ?? '', '--department', 'tax'])).toMatchObject({ status: 0, told: { outcome: 'made' } });
    const end = ['held', 'end', ended ?? '', '--department', 'tax', '--reason', 'UNDER_CORRECTION'];
    expect(await as(tokorozawa, end)).toMatchObject({ status: 0, told: { outcome: 'not-made', reason: 'UNDER_CORRECTION' } });
    expect(await as(toyonaka, ['query', 'withdraw', withdrawn ?? '', ...DEPARTMENT])).toMatchObject({ status: 0, told: { status: 'withdrawn' } });

    const status = await as(toyonaka, ['query', 'status', released ?? '', ended ?? '', withdrawn ?? '', '--wait', '20']);
    expect((status.told?.['queries'] as { status: string }[]).map((query) => query.status).sort()).toEqual(['ended', 'received', 'withdrawn']);
    expect((await as(tokorozawa, ['replicas', 'unblock', '--person', '-', '--department', 'tax'])).status).toBe(0);
  }, 90_000);

  it('keeps both records, and seals what is flagged', async () => {
    expect((await ask('--non-disclosure', '--wait', '20')).status).toBe(0);
    const search = ['records', 'search', '--role', 'requester', '--outcome', 'received', '--counterpart', '所沢市'];
    const { told } = await as(toyonaka, search);
    expect((told?.['records'] as { nonDisclosure: boolean }[]).map((record) => record.nonDisclosure)).toEqual([true, false]);
    const other = await as(tokorozawa, ['records', 'search', '--role', 'provider', '--person', '-']);
    expect((other.told?.['records'] as { outcome: string }[]).length).toBeGreaterThanOrEqual(4);
  }, 30_000);

  it('shows the person, through the portal, all but what is sealed', async () => {
    const portal = { RENKEI_CORE: nation.core.url, RENKEI_PORTAL: 'portal', RENKEI_KEY: nation.keysOf('portal') };
    const shown = await CliProcess.run(['disclosure', '--identifier', '-', '--json'], portal, PortalIdentifiers.of(nation, kenta));
    expect({ status: shown.status, stderr: shown.stderr }).toEqual({ status: 0, stderr: '' });
    const { rows } = JSON.parse(shown.stdout) as { rows: { status: string; requester: string }[] };
    expect(
      rows
        .filter((row) => row.requester === toyonaka.code)
        .map((row) => row.status)
        .sort(),
    ).toEqual(['not-provided', 'received', 'withdrawn']);
    const foreign = await CliProcess.run(['disclosure', '--identifier', '-', '--json'], portal, 'AAAA');
    expect(foreign.status).toBe(1);
    expect(foreign.stderr).not.toContain('AAAA');
  }, 30_000);

  it('counts for operators', async () => {
    const operator = { RENKEI_CORE: nation.core.url, RENKEI_OPERATOR: 'operator', RENKEI_KEY: nation.keysOf('operator') };
    const counted = await CliProcess.run(['statistics', '--by', 'information,outcome', '--json'], operator);
    const { rows } = JSON.parse(counted.stdout) as { rows: { information: string; exchanges: number }[] };
    expect(rows.every(({ information }) => information === INFORMATION.localTax)).toBe(true);
    expect(rows.reduce((sum, { exchanges }) => sum + exchanges, 0)).toBe(4);
    expect((await CliProcess.run(['statistics', '--by', 'colour'], operator)).status).toBe(2);
    expect((await CliProcess.run(['statistics'], { ...operator, RENKEI_KEY: nation.keysOf('portal') })).status).toBe(77);
  }, 30_000);

  it('makes a token that is good for one request', async () => {
    const body = join(nation.directory, 'body.json');
    const line = { inAgencyNumber: inAgencyNumber(toyonaka, kenta), affair: affairOf('74'), information: INFORMATION.localTax, department: 'x' };
    writeFileSync(body, JSON.stringify({ lines: [line] }));
    const { told } = await as(toyonaka, ['token', '--method', 'POST', '--path', '/holders', '--body', body]);
    const url = `${nation.intermediateServers.get(toyonaka.server)?.url ?? ''}/holders`;
    const headers = { authorization: `Bearer ${String(told?.['token'])}`, 'content-type': 'application/json' };
    const send = () => fetch(url, { method: 'POST', headers, body: JSON.stringify({ lines: [line] }) });
    expect((await send()).status).toBe(200);
    expect((await send()).status).toBe(401);
  }, 30_000);
});
