import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LmdbEventStore, type StoreLocation } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import {
  AFFAIR,
  CITY_A,
  CITY_B,
  CITY_X,
  HistoryFixture,
  item,
  keyOf,
  OTHER_AFFAIR,
  RESIDENT,
  SOCIETY,
  standardItems,
  START,
  table,
  TAX,
} from './history.fixture.js';
import { leafOf } from './recorded.js';
import { replayHistory, type ReplayOptions, type ReplayReport } from './replay.js';
import { readTable } from './table-file.js';

const DAY_MS = 86_400_000;

describe('a replay of a store', () => {
  let directory: string;
  let history: HistoryFixture;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-replay-'));
    history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function replay(options: Omit<ReplayOptions, 'location'> = {}): Promise<ReplayReport> {
    const store = await LmdbEventStore.open(directory);
    try {
      await history.into(store);
    } finally {
      await store.close();
    }
    return replayHistory({ location: { kind: 'embedded', directory } satisfies StoreLocation, threads: 0, ...options });
  }
  const forge = ([first]: readonly Message[]): readonly Message[] => [{ ...(first as Message), data: { ...(first?.data as object), item: '3' } }];

  it('finds nothing in what the deciders recorded, however it is cut and by however many threads', async () => {
    for (let count = 0; count < 40; count += 1) {
      history.ask({ person: count % 3 === 0 ? 'person' : `person-${count}`, information: count % 4 === 0 ? RESIDENT : TAX });
      history.issue(CITY_X, `person-${count + 1}`);
      if (count === 20) history.later(40 * DAY_MS);
    }
    const whole = await replay();
    expect(whole).toMatchObject({ ok: true, decisions: 40, findings: [], found: {}, agrees: 40, differs: 0, events: history.stored.length });
    expect(whole.permitted).toBeGreaterThan(10);
    expect(whole.months.map(({ month }) => month)).toEqual(['2020-05', '2020-06']);
    for (const rangePositions of [1, 7]) expect(await replay({ rangePositions })).toEqual(whole);
    expect(await replay({ threads: 2, rangePositions: 11 })).toEqual(whole);
  });

  it('tells a finding with its place, its leaf and that of what the decision did not know', async () => {
    const knowing = history.knowledge();
    history.agency(CITY_A, { type: 'AgencySuspended', data: { reason: 'breach' } });
    const overtaking = history.stored.at(-1);
    const stale = history.ask({}, { knowing });
    const forged = history.ask({ provider: CITY_B }, { change: forge });
    const report = await replay();
    expect(report).toMatchObject({ ok: false, decisions: 2, found: { BASIS_STALE: 1, DECISION_DIFFERS: 1 } });
    const [first, second] = report.findings;
    expect(first).toMatchObject({
      code: 'BASIS_STALE',
      exchange: stale,
      basis: [{ stream: `agency-${CITY_A}`, leaf: leafOf(overtaking?.bytes as Uint8Array) }],
    });
    expect(second).toMatchObject({ code: 'DECISION_DIFFERS', exchange: forged, leaf: leafOf(history.stored.at(-1)?.bytes as Uint8Array) });
    expect(second?.differences).toContainEqual({ field: 'item', recorded: '3', again: '74' });
  });

  it('finds a notification that follows late, and a decision that follows another', async () => {
    const exchange = history.ask();
    const second = history.stored.at(-1);
    history.ask({ information: RESIDENT });
    history.record(`exchange-${exchange}`, { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } });
    const decided = JSON.parse(Buffer.from(second?.bytes as Uint8Array).toString('utf8')) as Message;
    history.record(`exchange-${exchange}`, { type: decided.type, data: decided.data });
    for (const rangePositions of [1, 1_000]) {
      const { found, decisions } = await replay({ rangePositions });
      expect({ found, decisions }).toEqual({ found: { DECISION_DIFFERS: 1, DECIDED_TWICE: 1 }, decisions: 3 });
    }
  });

  it('counts what was erased as undecidable, also where the key was destroyed after the decision', async () => {
    history.ask();
    history.ask({ information: RESIDENT });
    history.destroyKey(keyOf(START));
    expect(await replay({ threads: 2, rangePositions: 3 })).toMatchObject({ ok: true, decisions: 2, agrees: 1, erased: 1 });
  });

  it('looks at the decisions that were asked for', async () => {
    const first = history.ask();
    history.later(DAY_MS);
    history.ask({ provider: CITY_B });
    history.later(DAY_MS);
    history.ask({ requester: SOCIETY, affair: OTHER_AFFAIR });
    const decisions = async (options: Omit<ReplayOptions, 'location'>): Promise<number> => (await replay(options)).decisions;
    expect(await decisions({})).toBe(3);
    expect(await decisions({ exchange: first })).toBe(1);
    expect(await decisions({ agency: CITY_B })).toBe(1);
    expect(await decisions({ agency: CITY_A })).toBe(2);
    expect(await decisions({ affair: OTHER_AFFAIR })).toBe(1);
    expect(await decisions({ from: '2020-05-09' })).toBe(2);
    expect(await decisions({ from: '2020-05-09', to: '2020-05-10' })).toBe(1);
    expect(await decisions({ to: '2020-05-08' })).toBe(0);
  });

  it('refuses days that are none, a period that is reversed, and a law of before the first table', async () => {
    await expect(replay({ from: '2020-02-30' })).rejects.toMatchObject({ code: 'INVALID_INPUT', at: { field: 'from' } });
    await expect(replay({ from: '2020-05-02', to: '2020-05-02' })).rejects.toMatchObject({ code: 'INVALID_INPUT', at: { field: 'to' } });
    const day = '2020-03-31';
    await expect(replay({ whatIf: { kind: 'as-of', day } })).rejects.toMatchObject({ code: 'DATE_BEFORE_FIRST_TABLE', kind: 'invalid', at: { field: 'asOf' } });
    const content = readTable(JSON.stringify({ version: 'early', effectiveFrom: day, certainty: 'assumed', source: 't', items: standardItems('early') }));
    await expect(replay({ whatIf: { kind: 'draft', table: content } })).rejects.toMatchObject({
      code: 'DATE_BEFORE_FIRST_TABLE',
      at: { field: 'effectiveFrom' },
    });
    await expect(replayHistory({ location: { kind: 'embedded', directory: join(directory, 'nothing') }, threads: 1 })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });

  it('tells what a draft would have changed, by item, requester class, information and month', async () => {
    history.issue(CITY_B, 'person');
    for (let count = 0; count < 3; count += 1) history.ask();
    history.ask({ information: RESIDENT });
    history.ask({ person: 'nobody' });
    history.later(40 * DAY_MS);
    history.ask({ information: RESIDENT });
    history.ask({ affair: 'JM99000000000999' });
    history.ask({ provider: CITY_X });
    const items = [item('draft', '7', AFFAIR, 'municipality', [RESIDENT]), item('draft', '8', 'JM99000000000999', 'health-insurance-society')];
    const content = readTable(JSON.stringify({ version: 'draft', effectiveFrom: '2026-01-01', certainty: 'assumed', source: 'test', items }));
    const { ok, changes } = await replay({ whatIf: { kind: 'draft', table: content }, threads: 2, rangePositions: 5 });
    expect(ok).toBe(true);
    const of = { requesterClass: 'municipality', information: TAX, month: '2020-05' };
    expect(changes).toEqual([
      { ...of, change: 'lost', item: '74', itemAgain: '7', before: 'PERMITTED', after: 'INFORMATION_NOT_IN_ITEM', decisions: 3 },
      { ...of, change: 'gained', item: '74', itemAgain: '7', information: RESIDENT, before: 'INFORMATION_NOT_IN_ITEM', after: 'PERMITTED', decisions: 1 },
      { ...of, change: 'reason', item: '74', itemAgain: '7', before: 'IDENTIFIER_NOT_VALID', after: 'INFORMATION_NOT_IN_ITEM', decisions: 1 },
      {
        ...of,
        change: 'gained',
        item: '74',
        itemAgain: '7',
        information: RESIDENT,
        month: '2020-06',
        before: 'INFORMATION_NOT_IN_ITEM',
        after: 'PERMITTED',
        decisions: 1,
      },
      { ...of, change: 'reason', item: '–', itemAgain: '8', month: '2020-06', before: 'AFFAIR_NOT_IN_TABLE', after: 'REQUESTER_NOT_IN_ITEM', decisions: 1 },
    ]);
  });

  it('answers what was lawful on a day with everything that is known now', async () => {
    history.ask();
    history.ask({ affair: OTHER_AFFAIR, requester: SOCIETY });
    // recorded later, with an earlier day count: the table without item 74, and A's part in the exchange
    history.law('matrix-2020-05-01', ...table('2020-05-01', '2020-05-01', standardItems('2020-05-01').slice(1)));
    expect(await replay()).toMatchObject({ ok: true, agrees: 2, changes: [] });
    const day = await replay({ whatIf: { kind: 'as-of', day: '2020-05-08' } });
    const before = await replay({ whatIf: { kind: 'as-of', day: '2020-04-30' } });
    expect(before.changes).toEqual([]);
    expect(day.changes).toEqual([
      {
        change: 'lost',
        item: '74',
        itemAgain: '–',
        requesterClass: 'municipality',
        information: TAX,
        month: '2020-05',
        before: 'PERMITTED',
        after: 'AFFAIR_NOT_IN_TABLE',
        decisions: 1,
      },
    ]);
    history.agency(SOCIETY, { type: 'AgencyParticipationChanged', data: { role: 'non-participant', from: '2020-04-15' } });
    const { changes } = await replay({ whatIf: { kind: 'as-of', day: '2020-04-30' } });
    expect(changes).toMatchObject([{ change: 'reason', requesterClass: 'health-insurance-society', after: 'NOT_A_PARTICIPANT' }]);
  });

  it('tells how far it is, in each of its two passes', async () => {
    for (let count = 0; count < 20; count += 1) history.ask();
    const told: (readonly [string, number, number])[] = [];
    await replay({ rangePositions: 10, onProgress: (stage, done, total) => told.push([stage, done, total]) });
    const all = history.stored.length;
    for (const pass of ['gather', 'decide']) {
      const done = told.flatMap(([stage, count]) => (stage === pass ? [count] : []));
      expect(done).toEqual(Array.from({ length: Math.ceil(all / 10) + 1 }, (_, index) => Math.min(10 * index, all)));
    }
    expect(told.every(([, , total]) => total === all)).toBe(true);
  });
});
