import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LmdbEventStore, type StoreLocation } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import { AFFAIR, CITY_A, CITY_B, CITY_X, HistoryFixture, item, OTHER_AFFAIR, RESIDENT, SOCIETY, START, table, TAX } from '../replay/history.fixture.js';
import { countHistory, type CountOptions, countStore } from './count-history.js';
import { slowCount, type Slow } from './slow-count.fixture.js';
import type { Statistics } from './statistics.js';

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];
const LEAF = 'A'.repeat(43);
const plus = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString();

const provided = (providedAt: string, { automatic = true, late = false } = {}): Message => ({
  type: 'ProvisionRecorded',
  data: { providedAt, items: [TAX], digest: LEAF, nonDisclosure: false, automatic, late, providerLeaf: LEAF },
});
const notProvided = (reason: string): Message => ({
  type: 'NoProvisionRecorded',
  data: { endedAt: START, reason, nonDisclosure: false, late: false, providerLeaf: LEAF },
});
const held: Message = { type: 'ProvisionHeldRecorded', data: { heldAt: START, providerLeaf: LEAF } };
const received: Message = { type: 'ReceiptRecorded', data: { receivedAt: START, requesterLeaf: LEAF } };
const withdrawn: Message = { type: 'QueryWithdrawalRecorded', data: { withdrawnAt: START, requesterLeaf: LEAF } };
const lapsed = (cause: string): Message => ({ type: 'QueryLapsed', data: { validUntil: START, cause } });

/** What may follow a permit, in the orders that a core records. */
const AFTER: readonly ((requestedAt: string) => readonly Message[])[] = [
  () => [],
  () => [held],
  (at) => [provided(plus(at, 1_234))],
  (at) => [provided(plus(at, 2 * MINUTE_MS)), received],
  (at) => [received, provided(plus(at, 777))],
  () => [received],
  (at) => [held, provided(plus(at, 3 * DAY_MS), { automatic: false }), received],
  () => [notProvided('NO_RECORD')],
  () => [held, notProvided('UNDER_CORRECTION'), lapsed('HELD')],
  () => [lapsed('UNANSWERED')],
  (at) => [lapsed('PROVIDER_UNREACHABLE'), provided(plus(at, 5_000), { late: true })],
  () => [lapsed('UNANSWERED'), notProvided('NO_RECORD')],
  () => [withdrawn],
  (at) => [held, withdrawn, provided(plus(at, 60_000), { late: true }), received],
];

const asked = fc.record({
  after: fc.nat(AFTER.length - 1),
  affair: fc.constantFrom(AFFAIR, AFFAIR, OTHER_AFFAIR, 'JM99000000000001'),
  information: fc.constantFrom(TAX, TAX, RESIDENT),
  requester: fc.constantFrom(CITY_X, CITY_B, SOCIETY),
  procedure: fc.constantFrom(undefined, 'JT99000000000741', 'JT99000000000742'),
  person: fc.constantFrom('person', 'stranger'),
  laterMs: fc.constantFrom(0, MINUTE_MS, DAY_MS, 40 * DAY_MS),
  /** Where among what is still to be recorded the next of it goes. */
  order: fc.nat(1_000),
});
type Asked = typeof asked extends fc.Arbitrary<infer A> ? A : never;

function standing(): HistoryFixture {
  const history = HistoryFixture.inForce();
  for (const holder of [CITY_X, CITY_B, CITY_A, SOCIETY]) history.issue(holder, 'person');
  for (const holder of [CITY_X, CITY_B, SOCIETY]) history.issue(holder, 'stranger'); // the provider holds none
  return history;
}

/** Decisions by the deciders, with what follows spread over all that is recorded later. */
function recorded(stories: readonly Asked[]): HistoryFixture {
  const history = standing();
  const waiting: { stream: string; events: Message[] }[] = [];
  for (const { after, procedure, laterMs, order, ...facts } of stories) {
    history.later(laterMs);
    const stream = `exchange-${history.ask({ ...facts, ...(procedure === undefined ? {} : { procedure }) })}`;
    if (history.stored.at(-1)?.type === 'QueryPermitted') waiting.push({ stream, events: [...(AFTER[after]?.(history.now) ?? [])] });
    for (let turn = order % 3; turn > 0 && waiting.length > 0; turn -= 1) {
      const one = waiting[order % waiting.length] as (typeof waiting)[number];
      const next = one.events.shift();
      if (next !== undefined) history.record(one.stream, next);
      else waiting.splice(order % waiting.length, 1);
    }
  }
  for (const { stream, events } of waiting) for (const event of events) history.record(stream, event);
  return history;
}

describe('statistics of a record', () => {
  let root: string;
  beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'renkei-statistics-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  async function stored(history: HistoryFixture): Promise<StoreLocation> {
    const directory = mkdtempSync(join(root, 'store-'));
    const store = await LmdbEventStore.open(directory);
    try {
      await history.into(store);
    } finally {
      await store.close();
    }
    return { kind: 'embedded', directory };
  }
  const counted = async (history: HistoryFixture, options: CountOptions = {}): Promise<Statistics> =>
    countHistory({ location: await stored(history), threads: 0, ...options });

  const asSlow = ({ total, late, months, uses, informations, refusals, unanswered, answerTimes }: Statistics): Slow => ({
    total: total.outcomes,
    late,
    months: Object.fromEntries(months.map(({ month, outcomes }) => [month, outcomes])),
    uses: Object.fromEntries(uses.map(({ affair, procedure, requester, outcomes }) => [[affair, procedure, requester].join(), outcomes])),
    informations: Object.fromEntries(informations.map(({ information, outcomes }) => [information, outcomes])),
    refusals: Object.fromEntries(refusals.map(({ reason, article, queries }) => [[reason, article].join(), queries])),
    unanswered: Object.fromEntries(unanswered.map(({ provider, outcome, cause, queries }) => [[provider, outcome, cause].join(), queries])),
    longestMs: Object.fromEntries(
      answerTimes.map(({ of, affair, procedure, information, provider, longestMs, provisions, meanMs }) => [
        [of, affair, procedure, information, provider].filter((part) => part !== undefined).join(),
        { longestMs, provisions, meanMs },
      ]),
    ),
  });

  it('equal a slow count that groups all events by exchange, however few open ones are kept at hand, whatever the period', async () => {
    const period = fc.constantFrom({}, { from: '2020-05-10' }, { to: '2020-06-18' }, { from: '2020-05-09', to: '2020-07-01' });
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 60 }), period, fc.nat(5), async (stories, days, cut) => {
        const history = recorded(stories);
        const expected = slowCount(history.stored, days);
        const location = await stored(history);
        const whole = await countHistory({ location, threads: 0, ...days });
        expect(asSlow(whole)).toEqual(expected);
        expect(await countHistory({ location, threads: 0, ...days, openMax: cut })).toEqual(whole);
      }),
      { numRuns: 25 },
    );
  });

  it('are the same on threads, each with every other range', async () => {
    const history = recorded(fc.sample(asked, { numRuns: 120, seed: 7 }));
    const location = await stored(history);
    const whole = await countHistory({ location, threads: 0 });
    const done: number[] = [];
    const cut = await countHistory({ location, threads: 2, rangePositions: 17, onProgress: (at) => void done.push(at) });
    expect(cut).toEqual(whole);
    expect(done.at(-1)).toBe(history.stored.length);
    expect(whole.total.queries).toBe(120);
  });

  it('cumulate provisions by month, and add up in every table', async () => {
    const { total, months, procedures, informations, classes, uses } = await counted(recorded(fc.sample(asked, { numRuns: 150, seed: 3 })));
    const sum = (rows: readonly { readonly provisions: number }[]): number => rows.reduce((before, { provisions }) => before + provisions, 0);
    expect(total.provisions).toBeGreaterThan(5);
    expect(months.at(-1)?.cumulated).toBe(total.provisions);
    for (const rows of [months, procedures, informations, classes, uses]) expect(sum(rows)).toBe(total.provisions);
    expect(months.map(({ month }) => month)).toEqual([...months.map(({ month }) => month)].sort());
    expect(classes.find((row) => row.class === 'municipality')).toMatchObject({
      institutions: 3,
      codeHolders: 3,
      asking: 2,
      asked: 1,
      provided: total.provisions,
    });
  });

  it('tell which grants of the law in force in the period no query used, and why', async () => {
    const history = standing();
    history.law(
      'matrix-2020-06-01',
      ...table('2020-06-01', '2020-06-01', [
        item('2020-06-01', '74', AFFAIR, 'municipality', [TAX, RESIDENT]),
        item('2020-06-01', '3', OTHER_AFFAIR, 'health-insurance-society'),
        item('2020-06-01', '20', 'JM99000000000020', 'prefecture'),
        { ...item('2020-06-01', '30', 'JM99000000000030', 'municipality'), requesters: [{ class: 'municipality', takesPart: false }] },
      ]),
    );
    history.law('matrix-draft', ...table('draft', '2020-04-01', [item('draft', '99', 'JM99000000000099', 'municipality')], true));
    history.ask({});
    history.later(60 * DAY_MS);
    history.ask({});
    const { grants } = await counted(history);
    expect(grants.map(({ item: name, information, state, permits, versions }) => [name, information, state, permits, versions])).toEqual([
      ['74', TAX, 'used', 2, ['2020-04-01', '2020-06-01']],
      ['3', TAX, 'unused', 0, ['2020-04-01', '2020-06-01']],
      ['74', RESIDENT, 'unused', 0, ['2020-06-01']],
      ['20', TAX, 'not-open', 0, ['2020-06-01']],
      ['30', TAX, 'no-participant', 0, ['2020-06-01']],
    ]);
    const before = await counted(history, { to: '2020-06-01' });
    expect(before.grants.map(({ item: name, permits }) => [name, permits])).toEqual([
      ['74', 1],
      ['3', 0],
    ]);
  });

  it('of a period without requests are empty, beside the days that the record has', async () => {
    const history = standing();
    history.ask({});
    const empty = await counted(history, { from: '2016-01-01', to: '2016-02-01' });
    expect(empty).toMatchObject({
      total: { queries: 0, provisions: 0, outcomes: {} },
      months: [],
      uses: [],
      grants: [],
      answerTimes: [],
      record: { first: '2020-05-08', last: '2020-05-08', decisions: 1 },
    });
    expect((await counted(new HistoryFixture())).record).toEqual({ events: 0, decisions: 0 });
  });

  it.each([
    [{ from: '2020-02-30' }, 'from'],
    [{ to: 'yesterday' }, 'to'],
    [{ from: '2020-05-08', to: '2020-05-08' }, 'to'],
  ])('refuse the period %j', async (period, field) => {
    await expect(counted(standing(), period)).rejects.toMatchObject({ code: 'INVALID_INPUT', at: { field } });
  });

  it.each([0, 2])('name the position of a damaged event, on %d threads', async (threads) => {
    const history = standing();
    for (let count = 0; count < 5; count += 1) history.ask({});
    const place = history.stored.findIndex(({ type }) => type === 'QueryPermitted');
    const whole = history.stored[place] as (typeof history.stored)[number];
    const text = Buffer.from(whole.bytes).toString();
    history.stored[place] = { ...whole, bytes: Buffer.from(text.replace(/"affair":"[^"]*",/, '"affair":,')) };
    await expect(counted(history, { threads, rangePositions: 3 })).rejects.toMatchObject({
      code: 'EVENT_DAMAGED',
      message: `the event at position ${place + 1} (QueryPermitted) is damaged`,
    });
  });

  it('name the position of a damaged event of the law', async () => {
    const history = standing();
    const place = history.stored.findIndex(({ type }) => type === 'PermissionItemEnacted');
    const whole = history.stored[place] as (typeof history.stored)[number];
    history.stored[place] = { ...whole, bytes: Buffer.from(Buffer.from(whole.bytes).toString().replace('"affairName":"', '"affairName":')) };
    await expect(counted(history)).rejects.toMatchObject({
      code: 'EVENT_DAMAGED',
      message: `the event at position ${place + 1} (PermissionItemEnacted) is damaged`,
    });
  });

  it('count a store that is open already, as a simulator has it', async () => {
    const history = recorded(fc.sample(asked, { numRuns: 30, seed: 5 }));
    const location = await stored(history);
    const store = await LmdbEventStore.open(location.directory, { readOnly: true });
    try {
      expect(await countStore(store)).toEqual(await countHistory({ location, threads: 0 }));
    } finally {
      await store.close();
    }
  });
});
