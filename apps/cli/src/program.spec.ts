import { describe, expect, it } from '@jest/globals';
import { widthOf } from '#libs/terminal';
import type { Command } from 'commander';
import { Session } from './command-line/session.js';
import { runInProcess } from './program.fixture.js';
import { buildProgram } from './program.js';

const QUESTION = ['--requester', '札幌市', '--affair', '57', '--provider', '青森市'];
const explain = (...rest: string[]): string[] => ['matrix', 'explain', ...QUESTION, ...rest];

describe('renkei matrix explain', () => {
  it('says yes with item, article and the words of the table, and ends with 0', async () => {
    const { status, stdout, stderr } = await runInProcess(explain('--information', 'TM00000000000002', '--on', '2020-05-08'));
    expect({ status }).toEqual({ status: 0 });
    expect(stdout).toContain('Yes.');
    expect(stdout).toMatch(/Item +57\n/);
    expect(stdout).toMatch(/Article +番号法19条7号\n/);
    expect(stdout).toContain('in the table: 都道府県知事等');
    expect(stdout).toContain('北海道札幌市 (0220101100201700)');
    expect(stderr).toContain('known to the core alone');
  });

  it('says no in Japanese where the environment asks for it, tells what the item does name, and ends with 1', async () => {
    const { status, stdout } = await runInProcess(explain('--information', '児童扶養手当関係情報', '--on', '2020-05-08'), { LANG: 'ja_JP.UTF-8' });
    expect(status).toBe(1);
    expect(stdout).toContain('否  この特定個人情報は、当該事務の項にありません。');
    expect(stdout).toContain('INFORMATION_NOT_IN_ITEM');
    expect(stdout).toContain('この項が定めるもの:');
    expect(stdout).toContain('市町村長 → 地方税関係情報');
  });

  it('answers --json with stable fields, whatever the language', async () => {
    const [ja, en] = await Promise.all(
      ['ja', 'en'].map((language) => runInProcess(explain('--information', '2', '--on', '2020-05-08', '--json', '--lang', language))),
    );
    expect(ja?.stdout).toBe(en?.stdout);
    expect(JSON.parse(en?.stdout ?? '')).toMatchObject({
      permitted: true,
      code: 'PERMITTED',
      day: '2020-05-08',
      table: '2020-04-01',
      item: '57',
      article: '番号法19条7号',
      requester: { code: '0220101100201700', class: 'municipality', name: '北海道札幌市' },
      provider: { code: '0220102201201700' },
      affair: { code: 'JM99000000000053' },
      information: { code: 'TM00000000000002' },
      grant: { requester: '都道府県知事等', provider: '市町村長', information: '地方税関係情報' },
      openings: { requester: '2017-07-18', provider: '2017-07-18' },
    });
    expect(en?.stderr).toBe('');
  });

  it('tells an agency that takes no part', async () => {
    const { status, stdout } = await runInProcess([
      ...['matrix', 'explain', '--requester', '国税庁', '--affair', '57', '--provider', '青森市', '--information', '2'],
      ...['--on', '2020-05-08', '--json'],
    ]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ permitted: false, code: 'NOT_A_PARTICIPANT', granted: [] });
  });

  it.each([
    ['before the pension service took part', '2019-06-16', 'NOT_YET_OPEN', 1],
    ['once it did', '2019-06-17', 'PERMITTED', 0],
  ])('decides by the openings of the day: %s', async (_when, day, code, exit) => {
    const { status, stdout } = await runInProcess([
      ...['matrix', 'explain', '--requester', 'pension-service', '--affair', '48', '--provider', 'municipality', '--information', '地方税関係情報'],
      ...['--on', day, '--json'],
    ]);
    expect({ code: (JSON.parse(stdout) as { code: string }).code, status }).toEqual({ code, status: exit });
  });

  it('tells how it stood on the last day of the last table', async () => {
    const { status, stdout } = await runInProcess(explain('--information', '2', '--on', '2026-01-01', '--json'));
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'NO_TABLE_IN_FORCE', lastDay: { day: '2024-05-26', permitted: true } });
  });

  it('answers under the draft of 2026 alone', async () => {
    const { stdout } = await runInProcess([
      'matrix',
      'explain',
      '--requester',
      '札幌市',
      '--affair',
      'JM99000000000053',
      '--provider',
      '青森市',
      '--information',
      '2',
      '--table',
      'draft',
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ alone: true, permitted: true });
  });
});

describe('bad input', () => {
  it.each([
    ['a day that does not exist', explain('--information', '2', '--on', '2020-02-30'), '--on'],
    [
      'a name that fits two cities',
      ['matrix', 'explain', '--requester', '府中市', '--affair', '57', '--provider', '青森市', '--information', '2'],
      '--requester',
    ],
    ['a name that fits nothing', explain('--information', '住民表'), '--information'],
    ['an empty name', explain('--information', ''), '--information'],
    ['an over-long name', explain('--information', 'x'.repeat(201)), '--information'],
    ['a code of the wrong form', explain('--information', 'TM12'), '--information'],
    ['an unknown version', explain('--information', '2', '--table', '1999'), '--table'],
    ['an item that the table lacks', ['matrix', 'list', '--item', '300'], '--item'],
    ['a wrong check digit', ['agencies', 'show', '011003'], '<agency>'],
    ['an unknown option', ['matrix', 'list', '--itm', '57'], '--itm'],
    ['an unknown command', ['matrix', 'explian'], 'explian'],
    ['a missing option', ['matrix', 'explain', '--affair', '57'], '--requester'],
    ['an option without its value', ['matrix', 'list', '--item'], '--item'],
    ['a language that there is not', ['matrix', 'list', '--lang', 'fr'], '--lang'],
    ['a missing argument', ['matrix', 'diff', 'draft'], 'after'],
    ['a number of a person among the arguments', ['codes', 'check', '123456789018'], '<code>'],
  ])('ends with 2 for %s, names the option and shows no stack', async (_what, args, option) => {
    const [plain, json] = await Promise.all([runInProcess(args), runInProcess([...args, '--json'])]);
    expect({ status: plain.status, stdout: plain.stdout }).toEqual({ status: 2, stdout: '' });
    expect(plain.stderr).toContain(option);
    expect(plain.stderr).not.toMatch(/\n +at |node:internal/);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'USAGE', option } });
  });

  it('lists what may have been meant', async () => {
    const { stderr } = await runInProcess(['agencies', 'show', '府中市']);
    expect(stderr).toContain('0220113206301700  東京都府中市');
    expect(stderr).toContain('0220134208401700  広島県府中市');
    expect((await runInProcess(['matrix', 'list', '--itm', '57'])).stderr).toContain('do you mean --item?');
  });
});

describe('the other commands that need no server', () => {
  it('count 5,375 institutions and 3,627 code holders', async () => {
    const { stdout } = await runInProcess(['agencies', 'list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ institutions: 5_375, codeHolders: 3_627 });
    expect((await runInProcess(['agencies', 'list', '--lang', 'ja'])).stdout).toMatch(/計 +5,375 +3,627\n/);
  });

  it('find agencies by name, prefecture and class', async () => {
    const { stdout } = await runInProcess(['agencies', 'list', '--prefecture', '東京', '--class', 'municipality', '--search', '府中', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ count: 1, agencies: [{ code: '0220113206301700', wholeName: '東京都府中市' }] });
    expect((await runInProcess(['agencies', 'list', '--search', 'nowhere'])).status).toBe(1);
  });

  it('show a ward as its city', async () => {
    expect(JSON.parse((await runInProcess(['agencies', 'show', '01101', '--json'])).stdout)).toMatchObject({ wholeName: '北海道札幌市' });
  });

  it('check codes', async () => {
    expect((await runInProcess(['codes', 'check', '011002'])).status).toBe(0);
    expect((await runInProcess(['codes', 'check', '011003'])).status).toBe(1);
  });

  it('list rows and differences of the table', async () => {
    const listed = JSON.parse((await runInProcess(['matrix', 'list', '--item', '57', '--json'])).stdout) as { rows: { item: string }[] };
    expect(new Set(listed.rows.map(({ item }) => item))).toEqual(new Set(['57']));
    const differences = JSON.parse((await runInProcess(['matrix', 'diff', '2017-07-18', '2018-07-02', '--json'])).stdout) as object;
    expect(differences).toMatchObject({ removed: 0, added: 1, differences: [{ change: 'added', item: '74', informationWords: '住民票関係情報' }] });
  });

  it('keep to the width of the window', async () => {
    const { stdout } = await runInProcess(['matrix', 'list', '--lang', 'ja'], { COLUMNS: '80' });
    expect(Math.max(...stdout.split('\n').map(widthOf))).toBeLessThanOrEqual(80);
  });
});

/** Every command, by the words that lead to it. */
function commandsOf(command: Command, path: readonly string[] = []): (readonly string[])[] {
  return [path, ...command.commands.flatMap((child) => commandsOf(child, [...path, child.name()]))];
}
const sink = { write: () => true };
const allCommands = commandsOf(buildProgram(new Session({ args: [], environment: {}, stdout: sink, stderr: sink }), '0')).filter(
  ([name]) => name !== 'sandbox' && name !== 'simulate',
);

describe('help', () => {
  it('is there for all commands', () => {
    expect(allCommands.map((path) => path.join(' '))).toEqual(
      expect.arrayContaining(['', 'matrix explain', 'query', 'query status', 'replicas register', 'records search', 'held release', 'keys create', 'token']),
    );
  });

  it.each(allCommands.map((path) => [path.join(' '), path] as const))('is there in both languages: renkei %s --help', async (_name, path) => {
    const [ja, en] = await Promise.all(['ja', 'en'].map((language) => runInProcess([...path, '--help', '--lang', language], { COLUMNS: '90' })));
    expect([ja?.status, en?.status, ja?.stderr, en?.stderr]).toEqual([0, 0, '', '']);
    expect(ja?.stdout).toContain('使い方:');
    expect(ja?.stdout).not.toMatch(/Options:|Commands:|Arguments:|Usage:|undefined/);
    expect(en?.stdout).toContain('Usage:');
    expect(en?.stdout).not.toContain('undefined');
    for (const { stdout } of [ja, en].filter((ended) => ended !== undefined)) {
      expect(Math.max(...stdout.split('\n').map(widthOf))).toBeLessThanOrEqual(90);
    }
  });

  it('is shown for a group alone, which ends with 2', async () => {
    const { status, stderr } = await runInProcess(['matrix']);
    expect({ status, told: stderr.includes('explain') }).toEqual({ status: 2, told: true });
  });
});
