import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { Statistics } from '#libs/audit';
import { agencyEventTypes, exchangeEventTypes, matrixEventTypes } from '#libs/domain';
import { LmdbEventStore } from '#libs/event-store';
import { EventRegistry, type Message, plusMs } from '#libs/kernel';
import { procedures, referenceAgencies, referenceHistory } from '#libs/reference-data';
import { widthOf } from '#libs/terminal';
import { runInProcess } from '../program.fixture.js';

const registry = new EventRegistry([...agencyEventTypes, ...matrixEventTypes, ...exchangeEventTypes]);
const START = '2020-04-30T00:00:00.000Z';
const HOUR_MS = 3_600_000;
const LEAF = 'A'.repeat(43);
const SEALED = { key: 'record/core/2020-04', commitment: LEAF, sealed: 'c2VhbGVk' };
const CITIES = referenceAgencies()
  .filter(({ registration }) => registration.class === 'municipality')
  .slice(0, 3)
  .map(({ registration }) => registration);

/** A core's directory with three cities, the table of 2020-04-01 and six exchanges under item 74. */
async function recordIn(directory: string, damage = false): Promise<void> {
  const store = await LmdbEventStore.open(join(directory, 'event-store'));
  let events = 0;
  const append = async (stream: string, ...messages: readonly Message[]): Promise<void> => {
    const ids = messages.map(() => `00000000-0000-7000-8000-${(events += 1).toString(16).padStart(12, '0')}`);
    await store.append({
      stream,
      expectedRevision: -1,
      events: messages.map((message, revision) => {
        const id = ids[revision] as string;
        const envelope = { id, stream, revision, recordedAt: START, at: START, actor: 'system', correlationId: id, causationId: id };
        const text = registry.encode(envelope, message);
        return {
          id,
          type: message.type,
          bytes: Buffer.from(damage && message.type === 'QueryPermitted' ? text.replace(/"affair":"[^"]*"/, '"affair":7') : text),
        };
      }),
    });
  };
  try {
    for (const data of CITIES) await append(`agency-${data.code}`, { type: 'AgencyRegistered', data });
    const matrix = referenceHistory().on('2020-04-30');
    if (matrix === undefined) throw new Error('no table of that day');
    const items = matrix.items.map((data): Message => ({ type: 'PermissionItemEnacted', data }));
    await append(`matrix-${matrix.version}`, ...items, { type: 'PermissionMatrixEnacted', data: matrix.enactment });
    await append('opening-municipality', {
      type: 'OperationOpened',
      data: { class: 'municipality', items: ['74', '27'], from: '2017-07-18', stage: 'full', certainty: 'verified', source: 'test' },
    });
    for (let index = 0; index < 6; index += 1) await append(`exchange-00000000-0000-7000-8000-00000000000${index}`, ...story(index, matrix.version));
  } finally {
    await store.close();
  }
}

/** Every twelve hours one: five permitted, the last of which lapses, then one denied. */
function story(index: number, table: string): readonly Message[] {
  const requestedAt = plusMs(START, index * 12 * HOUR_MS);
  const facts = {
    requester: CITIES[index % 2]?.code ?? '',
    provider: CITIES[2]?.code ?? '',
    affair: 'JM99000000000074',
    procedure: procedures().find(({ item }) => item === '74')?.code ?? '',
    information: 'TM00000000000002',
    period: '2020',
    department: 'child-welfare',
    nonDisclosure: false,
    requestedAt,
    queryDigest: LEAF,
    queryLeaf: LEAF,
    requesterSubject: SEALED,
    basis: { requester: 0, provider: 0 },
  };
  if (index === 5)
    return [
      {
        type: 'QueryDenied',
        data: { ...facts, affair: 'JM99000000009999', reason: 'AFFAIR_NOT_IN_TABLE', article: '番号法21条2項1号', exceptionApplied: true },
      },
    ];
  const permitted: Message = {
    type: 'QueryPermitted',
    data: { ...facts, providerSubject: SEALED, table, item: '74', grant: 0, validUntil: plusMs(requestedAt, HOUR_MS) },
  };
  if (index === 4) return [permitted, { type: 'QueryLapsed', data: { validUntil: plusMs(requestedAt, HOUR_MS), cause: 'UNANSWERED' } }];
  const provided = {
    providedAt: plusMs(requestedAt, 1_500),
    items: ['TM00000000000002'],
    digest: LEAF,
    nonDisclosure: false,
    automatic: true,
    late: false,
    providerLeaf: LEAF,
  };
  return [
    permitted,
    { type: 'ProvisionRecorded', data: provided },
    { type: 'ReceiptRecorded', data: { receivedAt: plusMs(requestedAt, 2_000), requesterLeaf: LEAF } },
  ];
}

describe('renkei statistics --data', () => {
  let root: string;
  let data: string;
  let damaged: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'renkei-cli-statistics-'));
    [data, damaged] = [join(root, 'core'), join(root, 'damaged')];
    for (const directory of [data, damaged]) mkdirSync(directory);
    await recordIn(data);
    await recordIn(damaged, true);
  });
  afterAll(() => rmSync(root, { recursive: true }));
  const run = (...args: readonly string[]) => runInProcess(['statistics', '--data', data, ...args]);

  it('tells every table as JSON', async () => {
    const { status, stdout } = await run('--json');
    expect(status).toBe(0);
    const told = JSON.parse(stdout) as Statistics;
    expect(told).toMatchObject({
      record: { first: '2020-04-30', last: '2020-05-02', decisions: 6 },
      total: { queries: 6, provisions: 4, outcomes: { received: 4, lapsed: 1, denied: 1 } },
      months: [
        { month: '2020-04', queries: 2, provisions: 2, cumulated: 2 },
        { month: '2020-05', queries: 4, provisions: 2, cumulated: 4 },
      ],
      refusals: [{ reason: 'AFFAIR_NOT_IN_TABLE', article: '番号法21条2項1号', exception: true, queries: 1 }],
      unanswered: [{ provider: CITIES[2]?.code, outcome: 'lapsed', cause: 'UNANSWERED', queries: 1 }],
    });
    expect(told.uses).toHaveLength(3);
    expect(told.grants.filter(({ state }) => state === 'used')).toMatchObject([{ item: '74', permits: 5 }]);
    expect(told.answerTimes[0]).toMatchObject({ of: 'all', provisions: 4, longestMs: 1_500, meanMs: 1_500 });
  });

  it('shows them on the terminal in both languages, within its width', async () => {
    const english = await run();
    expect(english.stdout).toMatch(/6 queries, 4 provisions/);
    expect(english.stdout).toMatch(/2020-05 +4 +1 +2 +4\n/);
    expect(english.stdout).toContain('Of ');
    const japanese = await run('--lang', 'ja', '--top', '2');
    expect(japanese.stdout).toMatch(/照会 6 件、提供 4 件/);
    expect(japanese.stdout).toMatch(/番号法21条2項1号/);
    expect(japanese.stdout).toMatch(/3 行のうち 2 行です/);
    for (const { stdout } of [english, japanese]) for (const line of stdout.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(100);
  });

  it('counts days and months, both included', async () => {
    const queries = async (...period: readonly string[]): Promise<number> => (JSON.parse((await run('--json', ...period)).stdout) as Statistics).total.queries;
    expect(await queries('--from', '2020-05')).toBe(4);
    expect(await queries('--to', '2020-04')).toBe(2);
    expect(await queries('--from', '2020-05-01', '--to', '2020-05-01')).toBe(2);
    expect(await queries('--from', '2019-01', '--to', '2019-12')).toBe(0);
  });

  it('says of a period before the first query that it is empty, and when the record begins', async () => {
    const { status, stdout } = await run('--to', '2019-12-31');
    expect([status, stdout]).toEqual([0, 'No query was recorded in this period. The record has queries from 2020-04-30 to 2020-05-02.\n']);
  });

  it('writes each table as CSV and draws it as SVG', async () => {
    const [csv, charts] = [join(root, 'csv'), join(root, 'charts')];
    const { status, stderr } = await run('--csv', csv, '--charts', charts);
    expect(status).toBe(0);
    expect(stderr).toContain('9 files written');
    const months = parse(readFileSync(join(csv, 'months.csv')), { columns: true }) as unknown as readonly Record<string, string>[];
    expect(months.at(-1)).toMatchObject({ month: '2020-05', queries: '4', provisions: '2', denied: '1', lapsed: '1', cumulated: '4' });
    const refusals = parse(readFileSync(join(csv, 'refusals.csv')), { columns: true }) as unknown as readonly Record<string, string>[];
    expect(refusals).toEqual([{ reason: 'AFFAIR_NOT_IN_TABLE', article: '番号法21条2項1号', exception: 'true', queries: '1' }]);
    const drawn = readdirSync(charts);
    expect(drawn).toHaveLength(8);
    for (const name of drawn) expect(readFileSync(join(charts, name), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(readFileSync(join(charts, 'months.svg'), 'utf8')).toContain('2020-05');
  });

  it.each([
    [['--from', '2020-05', '--to', '2020-04'], '--to'],
    [['--from', '2020-13'], '--from'],
    [['--top', '0'], '--top'],
    [['--by', 'month'], '--by'],
  ])('refuses %j, naming the option', async (args, option) => {
    const { status, stderr } = await run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(option);
  });

  it('refuses what only a count of the record knows where the core is asked', async () => {
    const { status, stderr } = await runInProcess(['statistics', '--charts', root]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--charts goes with --data')]);
  });

  it('names the position of a damaged event, and where to look further', async () => {
    const { status, stderr } = await runInProcess(['statistics', '--data', damaged]);
    expect(status).toBe(70);
    expect(stderr).toMatch(/the event at position \d+ \(QueryPermitted\) is damaged/);
    expect(stderr.replace(/\s+/g, ' ')).toContain(`renkei verify --data ${damaged}`);
  });
});
