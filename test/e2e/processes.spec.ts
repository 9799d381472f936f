import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgencyClient } from '#libs/agency-sdk';
import { newExchangeId } from '#libs/cryptography';
import { referenceEnactments } from '#libs/reference-data';
import { CliProcess } from './processes/cli-process.js';
import { allDone, SeparateNetwork, type ServerName } from './processes/separate-network.js';
import { type App, ServerProcess } from './processes/server-process.js';

const TAX = 'TM00000000000002';
const YEAR = '2026';
const PERSONS = 120;
/** Of the persons at the provider: these have replicas, the next ones an identifier only, the rest neither. */
const WITH_REPLICA = 80;
const WITH_IDENTIFIER = 110;
const BULK_LINES = 4_000;
const WITHIN_MS = 60_000;

const CHILD_ALLOWANCE = referenceEnactments()[0]?.items.find(({ item }) => item === '74')?.affair ?? '';

interface Person {
  readonly residentRecordCode: string;
  readonly atRequester: string;
  readonly atProvider: string;
}
const people: readonly Person[] = Array.from({ length: PERSONS }, (_, index) => ({
  residentRecordCode: `1${String(index).padStart(10, '0')}`,
  atRequester: `S${String(index).padStart(6, '0')}`,
  atProvider: `T${String(index).padStart(6, '0')}`,
}));
/** What must become of a query about a person. */
const expected = (index: number): string => (index < WITH_REPLICA ? 'received' : 'ended');

interface Result {
  readonly line: number;
  readonly exchangeId?: string;
  readonly outcome: string;
  readonly reason?: string;
}
const resultsIn = (file: string): readonly Result[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Result);

async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = WITHIN_MS): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it did not come to pass: ${what}`);
    await sleep(20);
  }
}

describe('core, interface systems, intermediate servers and registry as separate processes', () => {
  let network: SeparateNetwork;
  let requester: AgencyClient;
  let provider: AgencyClient;

  const line = (index: number, change: object = {}) => ({
    inAgencyNumber: people[index % PERSONS]?.atRequester ?? '',
    provider: network.provider.code,
    affair: CHILD_ALLOWANCE,
    information: TAX,
    period: YEAR,
    department: 'child-welfare',
    nonDisclosure: false,
    ...change,
  });
  const inDirectory = (name: string): string => join(network.directory, name);
  const profile = (side: 'requester' | 'provider') => ({ RENKEI_PROFILE: inDirectory(`${side}.json`) });
  const exchangesAtCore = async (): Promise<number> =>
    (await network.operate<{ rows: { exchanges: number }[] }>('/statistics', { by: ['outcome'], limit: 100 })).rows.reduce(
      (sum, row) => sum + row.exchanges,
      0,
    );

  beforeAll(async () => {
    network = await SeparateNetwork.start();
    requester = network.client(network.requester);
    provider = network.client(network.provider);
    for (const side of ['requester', 'provider'] as const) {
      const { key, code, server } = network[side];
      key.save(inDirectory(`key-${side}`));
      const written = { server: network.urlOf(server), serverId: server, agency: code, key: `key-${side}` };
      writeFileSync(inDirectory(`${side}.json`), JSON.stringify(written));
    }
  }, 120_000);
  afterAll(async () => {
    await CliProcess.stopAll();
    await network.remove();
  });

  it('number persons, and issue identifiers to both cities by way of core and registry', async () => {
    const numbers = await network.numberPersons(people.map(({ residentRecordCode }) => residentRecordCode));
    expect(new Set(numbers.values()).size).toBe(PERSONS);
    const numbered = (name: 'atRequester' | 'atProvider', count: number) =>
      people.slice(0, count).map((person) => ({ inAgencyNumber: person[name], individualNumber: numbers.get(person.residentRecordCode) ?? '' }));
    await network.obtainIdentifiers(network.requester, numbered('atRequester', PERSONS));
    await network.obtainIdentifiers(network.provider, numbered('atProvider', WITH_IDENTIFIER));
  }, 60_000);

  it('take replicas in from the command line, as CSV', async () => {
    const rows = people.slice(0, WITH_REPLICA).map(({ atProvider }, index) => {
      const content = JSON.stringify({ totalIncome: 1_000_000 + index, incomeLevy: 10_000, filed: true }).replaceAll('"', '""');
      return `${atProvider},${TAX},income,${YEAR},2019-06,"${content}"`;
    });
    writeFileSync(inDirectory('replicas.csv'), ['inAgencyNumber,information,dataset,period,layout,content', ...rows, ''].join('\n'));
    const args = ['replicas', 'register', '--file', inDirectory('replicas.csv'), '--out', inDirectory('replicas.ndjson'), '--json'];
    const { status, stdout, stderr } = await CliProcess.run(args, profile('provider'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ lines: WITH_REPLICA, accepted: WITH_REPLICA, refused: 0, completed: true });
    expect(new Set(resultsIn(inDirectory('replicas.ndjson')).map(({ outcome }) => outcome))).toEqual(new Set(['recorded']));
  }, 60_000);

  it('do a permitted exchange, and bring the data to the requester', async () => {
    const exchangeId = newExchangeId(Date.now());
    const [submitted] = await requester.submitQueries([{ ...line(0), exchangeId }], { waitMs: 10_000 });
    expect(submitted).toMatchObject({ ok: true, value: { status: 'received' } });
    const { replicas } = await requester.result(exchangeId);
    expect(replicas).toMatchObject([{ information: TAX, dataset: 'income', period: YEAR, content: { totalIncome: 1_000_000 } }]);
    const { records } = await provider.searchRecords({ role: 'provider', inAgencyNumber: people[0]?.atProvider ?? '' });
    expect(records).toMatchObject([{ exchangeId, requester: network.requester.code, outcome: 'provided' }]);
  }, 30_000);

  it('refuse what the table does not permit, and tell who has no record and who has no identifier', async () => {
    const ids = [1, 2, 3].map(() => newExchangeId(Date.now()));
    const changes = [line(1, { information: 'TM99000000000011', period: undefined }), line(WITH_REPLICA), line(PERSONS - 1)];
    allDone(await requester.submitQueries(changes.map((change, index) => ({ ...change, exchangeId: ids[index] ?? '' }))));
    const states = await requester.waitForOutcomes(ids, { timeoutMs: 20_000 });
    const [denied, noRecord, noIdentifier] = ids.map((id) => states.get(id));
    expect(denied).toMatchObject({ status: 'denied', decision: { reason: 'INFORMATION_NOT_IN_ITEM', item: '74' } });
    expect(noRecord).toMatchObject({ status: 'ended', end: { reason: expect.stringMatching(/NO_RECORD|NO_REPLICA/) } });
    expect(noIdentifier?.status).toBe('ended');
    const { records } = await provider.searchRecords({ role: 'provider', information: 'TM99000000000011' });
    expect(records).toEqual([]);
  }, 30_000);

  it('answer single queries of the command line', async () => {
    const asked = ['query', '--person', '-', '--provider', network.provider.code, '--affair', CHILD_ALLOWANCE, '--department', 'child-welfare'];
    const received = await CliProcess.run(
      [...asked, '--information', TAX, '--period', YEAR, '--wait', '20', '--json'],
      profile('requester'),
      people[2]?.atRequester,
    );
    expect({ status: received.status, stderr: received.stderr }).toEqual({ status: 0, stderr: '' });
    const state = JSON.parse(received.stdout) as { exchangeId: string; status: string };
    expect(state.status).toBe('received');
    const shown = await CliProcess.run(['query', 'results', state.exchangeId, '--acknowledge'], profile('requester'));
    expect(shown.stdout).toContain('1000002');
    const gone = await CliProcess.run(['query', 'results', state.exchangeId, '--json'], profile('requester'));
    expect(gone.status).toBe(1);
    const denied = await CliProcess.run(
      [...asked, '--information', '児童扶養手当関係情報', '--wait', '20', '--lang', 'ja'],
      profile('requester'),
      people[2]?.atRequester,
    );
    expect(denied.status).toBe(1);
    expect(denied.stdout).toContain('不許可');
    const again = await CliProcess.run(['query', 'status', state.exchangeId, '--json'], profile('requester'));
    expect(JSON.parse(again.stdout)).toMatchObject({ queries: [{ exchangeId: state.exchangeId, status: 'received' }] });
    const records = await CliProcess.run(['records', 'search', '--role', 'requester', '--outcome', 'denied', '--json'], profile('requester'));
    expect((JSON.parse(records.stdout) as { records: object[] }).records).toHaveLength(2);
  }, 60_000);

  it('refuse a foreign key, and say where nobody listens', async () => {
    const foreign = {
      RENKEI_SERVER: network.urlOf('is-one'),
      RENKEI_SERVER_ID: 'is-one',
      RENKEI_AGENCY: network.requester.code,
      RENKEI_KEY: inDirectory('key-provider'),
    };
    const refused = await CliProcess.run(['query', 'results', '--json'], foreign);
    expect({ status: refused.status, error: JSON.parse(refused.stderr) as unknown }).toMatchObject({
      status: 77,
      error: { error: { code: expect.stringMatching(/^TOKEN_/) } },
    });
    expect((await CliProcess.run(['query', 'results'], {})).status).toBe(78);
  }, 30_000);

  it('take a bulk through a killed command line, and none of its lines takes effect twice', async () => {
    const before = await exchangesAtCore();
    const good = (index: number): string => JSON.stringify(line(index, { period: undefined, applicationId: `a${index}` }));
    const lines = Array.from({ length: BULK_LINES }, (_, index) => good(index));
    lines[10] = '{"inAgencyNumber":';
    lines[1_500] = JSON.stringify(line(0, { provider: '0220113206401700' }));
    lines[2_500] = JSON.stringify({ ...line(0), colour: 'red' });
    const bad = [11, 1_501, 2_501];
    const input = `${lines.join('\n')}\n`;
    const out = inDirectory('bulk.ndjson');
    const args = ['query', '--file', '-', '--format', 'ndjson', '--out', out, '--bulk-id', 'yearly-2026', '--json'];
    const lineAnswered = (): number => (existsSync(`${out}.state`) ? (JSON.parse(readFileSync(`${out}.state`, 'utf8')) as { lines: number }).lines : 0);

    const killed = CliProcess.start(args, profile('requester'));
    killed.write(`${lines.slice(0, 1_400).join('\n')}\n{"inAgency`); // 1,400 lines, and a part of one
    await until('a part of the bulk is sent', async () => (await exchangesAtCore()) > before + 900);
    expect((await killed.stop('SIGKILL')).signal).toBe('SIGKILL');
    expect(lineAnswered()).toBeLessThanOrEqual(1_000);

    const refused = await CliProcess.run(args, profile('requester'), input);
    expect({ status: refused.status, error: JSON.parse(refused.stderr) as unknown }).toMatchObject({ status: 2, error: { error: { option: '--out' } } });
    const other = await CliProcess.run([...args.slice(0, -1), '--resume', '--bulk-id', 'another', '--json'], profile('requester'), input);
    expect(other.status).toBe(2);

    const interrupted = CliProcess.start([...args, '--resume'], profile('requester'));
    interrupted.write(`${lines.slice(0, 3_400).join('\n')}\n`);
    await until('more of the bulk is answered', () => lineAnswered() >= 3_000);
    const asked = await interrupted.stop('SIGINT');
    expect({ status: asked.status, told: JSON.parse(asked.stdout) as unknown }).toMatchObject({ status: 130, told: { completed: false } });

    const resumed = await CliProcess.run([...args, '--resume', '--wait', '60'], profile('requester'), input);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ bulkId: 'yearly-2026', lines: BULK_LINES, refused: bad.length, completed: true });
    expect(resumed.status).toBe(1);
    const results = resultsIn(out);
    expect(results.map((result) => result.line)).toEqual(lines.map((_, index) => index + 1));
    expect(results.filter(({ outcome }) => outcome === 'refused').map((result) => result.line)).toEqual(bad);
    const wrong = results.filter(({ line: number, outcome }) => !bad.includes(number) && outcome !== expected((number - 1) % PERSONS));
    expect(wrong).toEqual([]);
    expect(new Set(results.flatMap(({ exchangeId }) => exchangeId ?? [])).size).toBe(BULK_LINES - bad.length);
    expect(await exchangesAtCore()).toBe(before + BULK_LINES - bad.length);
  }, 180_000);

  it('lose nothing of what a killed intermediate server had answered', async () => {
    const before = await exchangesAtCore();
    writeFileSync(inDirectory('again.ndjson'), Array.from({ length: BULK_LINES }, (_, index) => `${JSON.stringify(line(index))}\n`).join(''));
    const out = inDirectory('again-results.ndjson');
    const args = ['query', '--file', inDirectory('again.ndjson'), '--out', out, '--json'];
    const sending = CliProcess.start(args, profile('requester'));
    await until('a part of the bulk is answered', () => existsSync(out) && readFileSync(out, 'utf8').includes('\n'));
    await network.down('is-one', 'SIGKILL');
    await sleep(500);
    await network.up('is-one');
    const sent = await sending.ended;
    // it went on by itself, or said where it stopped
    expect([0, 69]).toContain(sent.status);
    const { status, stdout } = await CliProcess.run([...args, '--resume', '--wait', '90'], profile('requester'));
    expect({ status, told: JSON.parse(stdout) as unknown }).toMatchObject({ status: 1, told: { lines: BULK_LINES, accepted: BULK_LINES, completed: true } });
    const wrong = resultsIn(out).filter(({ line: number, outcome }) => outcome !== expected((number - 1) % PERSONS));
    expect(wrong).toEqual([]);
    expect(await exchangesAtCore()).toBe(before + BULK_LINES);
  }, 180_000);

  it('stop on SIGTERM with 0, one after the other', async () => {
    for (const name of ['is-one', 'is-two', 'ifs-one', 'ifs-two', 'registry', 'core'] as const satisfies readonly ServerName[]) {
      const { status, signal, output } = await network.down(name, 'SIGTERM');
      expect({ name, status, signal, output: status === 0 ? '' : output }).toEqual({ name, status: 0, signal: null, output: '' });
    }
  }, 60_000);
});

describe('a configuration that is not usable', () => {
  it.each<[App, readonly string[]]>([
    ['core', ['DATA_DIRECTORY', 'KEYS_DIRECTORY', 'OPERATORS', 'PORT']],
    ['interface-system', ['SERVER_ID', 'KEYS_DIRECTORY', 'CORE_URL', 'CORE_PUBLIC_KEY', 'PORT']],
    ['intermediate-server', ['SERVER_ID', 'DATA_DIRECTORY', 'KEYS_DIRECTORY', 'INTERFACE_SYSTEM_ID', 'CORE_URL', 'CORE_PUBLIC_KEY', 'PORT']],
    ['resident-registry', ['DATA_DIRECTORY', 'KEYS_DIRECTORY', 'CORE_URL', 'CORE_PUBLIC_KEY', 'PORT']],
  ])(
    'ends %s with 78 and names every variable, without its value',
    async (app, variables) => {
      const { status, output } = await ServerProcess.start(app, { PORT: 'seventy' }).ended;
      expect(status).toBe(78);
      for (const variable of variables) expect(output).toMatch(new RegExp(`^  ${variable} `, 'm'));
      expect(output).not.toContain('seventy');
      expect(output).not.toMatch(/\n +at /);
    },
    30_000,
  );
});
