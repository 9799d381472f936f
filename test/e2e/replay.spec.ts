import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runInProcess } from '../../apps/cli/src/program.fixture.js';
import { AFFAIR, CITY_A, CITY_X, HistoryFixture, item, keyOf, RESIDENT, standardItems, START } from '../../libs/audit/src/replay/history.fixture.js';
import { LmdbEventStore } from '#libs/event-store';
import type { Message } from '#libs/kernel';

describe('renkei replay', () => {
  let data: string;
  let history: HistoryFixture;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'renkei-replay-cli-'));
    history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
  });
  afterEach(() => rmSync(data, { recursive: true }));

  async function record(): Promise<void> {
    const directory = join(data, 'parties', 'core', 'event-store');
    mkdirSync(directory, { recursive: true });
    const store = await LmdbEventStore.open(directory);
    await history.into(store);
    await store.close();
  }
  const replay = (...args: readonly string[]): ReturnType<typeof runInProcess> => runInProcess(['replay', '--data', data, ...args]);
  const told = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await replay('--json', ...args)).stdout) as Record<string, unknown>;
  const file = (name: string, content: object | string): string => {
    const path = join(data, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const draft = (items = [item('draft', '7', AFFAIR, 'municipality', [RESIDENT])]): object => ({
    version: 'draft',
    effectiveFrom: '2026-06-26',
    certainty: 'assumed',
    source: 'test',
    items,
  });

  it('ends with 0 where every decision comes out as recorded, and tells what cannot be decided', async () => {
    history.ask();
    history.ask({ forged: true });
    history.ask({ information: RESIDENT });
    history.later(40 * 86_400_000);
    history.ask();
    history.destroyKey(keyOf(START));
    await record();
    const { status, stdout, stderr } = await replay();
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('Decided again, every decision that can be decided') });
    expect(stdout).toContain("2 rest on a person's identifier that was erased");
    expect(stderr).toContain('what decisions rest on');
    expect((await replay('--lang', 'ja')).stdout).toContain('すべて記録と一致しました');
    expect(await told()).toMatchObject({ ok: true, decisions: 4, agrees: 2, erased: 2, sealed: 0, findings: [], changes: [] });
    expect(await told('--from', '2020-06-01')).toMatchObject({ decisions: 1, from: '2020-06-01' });
  }, 60_000);

  it('ends with 1 where something is found, with its evidence for people, as JSON and as CSV, and no personal value', async () => {
    const knowing = history.knowledge();
    history.agency(CITY_A, { type: 'AgencySuspended', data: { reason: 'breach' } });
    const stale = history.ask({}, { knowing });
    const forged = history.ask({}, { change: ([first]) => [{ ...(first as Message), data: { ...(first?.data as object), reason: 'SAME_AGENCY' } }] });
    await record();
    const csv = join(data, 'findings.csv');
    const chart = join(data, 'agreement.svg');
    const { status, stdout } = await replay('--csv', csv, '--chart', chart);
    expect(readFileSync(chart, 'utf8')).toContain('Decisions of the core, decided again');
    expect(status).toBe(1);
    expect(stdout).toContain(`${stale}: its basis was stale when it was recorded (BASIS_STALE)`);
    expect(stdout).toContain(`${forged}: comes out otherwise (DECISION_DIFFERS)`);
    expect(stdout).toContain('reason: recorded SAME_AGENCY, again AGENCY_SUSPENDED_PROVIDER');
    const { findings } = await told('--exchange', forged.toUpperCase());
    expect(findings).toMatchObject([{ code: 'DECISION_DIFFERS', exchange: forged, differences: [{ field: 'reason' }] }]);
    const rows = readFileSync(csv, 'utf8').trim().split('\n');
    expect(rows[0]).toBe('code,exchange,at,position,leaf,field,recorded,again,stream,revision,newest,overtakenAt,overtakenBy');
    expect(rows.filter((row) => row.includes(`agency-${CITY_A}`))).toHaveLength(1);
    for (const text of [stdout, rows.join('\n'), JSON.stringify(findings)]) expect(text).not.toContain('c2VhbGVk');
  }, 60_000);

  it('tells what a draft would have changed, and what a day’s law gives', async () => {
    history.ask();
    history.ask({ information: RESIDENT });
    await record();
    const csv = join(data, 'changes.csv');
    const chart = join(data, 'changes.svg');
    const { status, stdout } = await replay('--matrix', file('draft.json', draft()), '--csv', csv, '--chart', chart, '--chart-by', 'information');
    expect(status).toBe(0);
    expect(stdout).toContain('Under draft, as if it were in force and open');
    expect(stdout).toContain('2 of 2 would come out otherwise');
    const picture = readFileSync(chart, 'utf8');
    for (const words of ['<svg', 'resident register', 'now permitted', '2 of 2 decisions would come out otherwise']) expect(picture).toContain(words);
    expect(readFileSync(csv, 'utf8').trim().split('\n')).toEqual([
      'change,item,itemAgain,requesterClass,information,month,before,after,decisions',
      expect.stringMatching(/^(?:gained|lost),74,7,municipality,TM\d+,2020-05,\w+,\w+,1$/),
      expect.stringMatching(/^(?:gained|lost),74,7,municipality,TM\d+,2020-05,\w+,\w+,1$/),
    ]);
    expect(await told('--as-of', '2020-05-08')).toMatchObject({ asOf: '2020-05-08', from: '2020-05-08', to: '2020-05-09', decisions: 2, changes: [] });
    expect(await told('--as-of', '2020-05-07')).toMatchObject({ decisions: 0 });
    expect(await told('--as-of', '2020-05-07', '--from', '2020-05-01')).toMatchObject({ decisions: 2, changes: [] });
  }, 60_000);

  it('takes the tables that are shipped, as they are exported', async () => {
    history.ask();
    await record();
    const { stdout, status } = await runInProcess(['matrix', 'export', 'draft']);
    expect(status).toBe(0);
    expect(await told('--matrix', file('exported.json', stdout))).toMatchObject({ matrix: 'draft-2026-06-26', decisions: 1 });
  }, 60_000);

  it.each([
    ['a table that is no JSON', ['--matrix', 'FILE'], 'nothing', 1, 'TABLE_MALFORMED'],
    ['a table that overlaps', ['--matrix', 'FILE'], draft([...standardItems('draft'), ...standardItems('draft')]), 1, 'TABLE_OVERLAPS'],
    ['a class that is not known', ['--matrix', 'FILE'], draft([item('draft', '7', AFFAIR, 'guild' as never)]), 1, 'TABLE_CLASS_UNKNOWN'],
    ['a draft of before the first table', ['--matrix', 'FILE'], { ...draft(), effectiveFrom: '2016-01-01' }, 1, 'DATE_BEFORE_FIRST_TABLE'],
    ['a day of before the first table', ['--as-of', '2016-01-01'], '', 1, 'DATE_BEFORE_FIRST_TABLE'],
    ['a day that is none', ['--as-of', '2020-02-30'], '', 2, 'USAGE'],
    ['a period that is reversed', ['--from', '2020-05-02', '--to', '2020-05-02'], '', 2, 'USAGE'],
    ['an id that is none', ['--exchange', 'x'], '', 2, 'USAGE'],
    ['a file that is not there', ['--matrix', '/nonexistent/draft.json'], '', 2, 'ENOENT'],
  ])(
    'refuses %s',
    async (_, args, content, status, code) => {
      await record();
      const path = file('given.json', content);
      const refused = await replay('--json', ...args.map((argument) => (argument === 'FILE' ? path : argument)));
      expect({ status: refused.status, error: JSON.parse(refused.stderr) as unknown }).toEqual({
        status,
        error: { error: expect.objectContaining({ code }) as never },
      });
    },
    60_000,
  );

  it('refuses a directory without the record of a core', async () => {
    mkdirSync(join(data, 'parties', 'is-east', 'event-store'), { recursive: true });
    expect(await replay()).toMatchObject({ status: 2, stderr: expect.stringContaining('no record of a core') });
  });
});
