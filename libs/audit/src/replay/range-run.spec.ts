import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PermissionMatrix } from '#libs/domain';
import type { Message } from '#libs/kernel';
import { AFFAIRS, happens, type Step, WHAT_MAX } from './any-history.fixture.js';
import type { Agreement } from './findings.js';
import type { Foundation } from './foundation.js';
import { HistoryJudge } from './history-judge.js';
import { AFFAIR, CITY_A, CITY_B, CITY_X, HistoryFixture, item, keyOf, RESIDENT, SOCIETY, START, TAX } from './history.fixture.js';
import { ChangeCount, draftLaw, lawAsOf } from './other-law.js';
import { QuickJudge } from './quick-judge.js';
import { RangeRun } from './range-run.js';
import type { RangeResult } from './replay-range.js';

const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: WHAT_MAX }), fc.nat(3), fc.nat(5), fc.nat(9)), { minLength: 5, maxLength: 60 });

/** Confirms nothing, or counts what it confirms. */
class Counted extends QuickJudge {
  confirmed = 0;
  never = false;

  override confirm(...args: Parameters<QuickJudge['confirm']>): Agreement | undefined {
    const agreement = this.never ? undefined : super.confirm(...args);
    if (agreement !== undefined) this.confirmed += 1;
    return agreement;
  }
}
const DRAFT = PermissionMatrix.compile(
  { version: 'draft', effectiveFrom: '2026-01-01', itemCount: 1, itemsDigest: '', draft: true, certainty: 'assumed', source: 'test' },
  [item('draft', '7', AFFAIR, 'municipality', [RESIDENT])],
);
const LAWS = { draft: (): ReturnType<typeof draftLaw> => draftLaw(DRAFT), day: (foundation: Foundation) => lawAsOf(foundation, '2020-05-09') };

function run(history: HistoryFixture, never: boolean, law: keyof typeof LAWS = 'draft'): { readonly result: RangeResult; readonly confirmed: number } {
  const foundation = history.foundation();
  const changes = new ChangeCount(LAWS[law](foundation));
  const quick = new Counted(foundation, new Set(), changes);
  quick.never = never;
  const range = new RangeRun({ slow: new HistoryJudge(foundation), quick, filter: {}, changes });
  for (const { bytes, position } of history.stored) range.take(Buffer.from(bytes), 0, bytes.length, Number(position), 0);
  // what follows the last permit is nothing: a fresh range has no more events
  range.take(Buffer.from('{"end":"of the record"}'.padStart(64)), 0, 64, history.stored.length + 1, 0);
  const { changes: counted, ...result } = range.result();
  return { result: { ...result, changes: [...counted].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }, confirmed: quick.confirmed };
}

/** Changes to the recorded decision, some of which change nothing of what is looked at. */
const FORGERIES: readonly ((data: Record<string, unknown>) => Record<string, unknown>)[] = [
  (data) => data,
  (data) => ({ ...data, department: 'a"b', period: '2020' }),
  (data) => ({ ...data, department: '税務課', procedure: 'P1', dataset: 'assessment', applicationId: 'A1' }),
  (data) => ({ ...data, item: '999' }),
  (data) => ({ ...data, basis: { ...(data['basis'] as object), provider: 0 } }),
  (data) => ({ ...data, basis: { ...(data['basis'] as object), matrix: 1 } }),
  (data) => ({ ...data, basis: { ...(data['basis'] as object), requesterInstitution: 1 } }),
  (data) => ({ ...data, requesterInstitution: CITY_B, basis: { ...(data['basis'] as object), requesterInstitution: 1 } }),
  (data) => ({ ...data, providerInstitution: data['provider'], basis: { ...(data['basis'] as object), providerInstitution: 1 } }),
  (data) => ('providerSubject' in data ? { ...data, providerSubject: undefined } : data),
  (data) => ({ ...data, information: data['information'] === TAX ? RESIDENT : TAX }),
  (data) => ({ ...data, affair: AFFAIRS[1] }),
  (data) => ({ ...data, requester: SOCIETY }),
  (data) => ('exceptionApplied' in data ? { ...data, exceptionApplied: data['exceptionApplied'] !== true } : { ...data, grant: 1 }),
];
const forge =
  (which: number) =>
  ([first, ...rest]: readonly Message[]): readonly Message[] => [
    { type: (first as Message).type, data: FORGERIES[which % FORGERIES.length]?.((first as Message).data as Record<string, unknown>) ?? {} },
    ...rest,
  ];

/** Decisions on what was known a while ago, forged ones among them. */
function anyRecord(all: readonly Step[], forgeries: readonly number[]): HistoryFixture {
  const history = HistoryFixture.inForce();
  for (const code of [CITY_X, CITY_A, CITY_B]) for (const person of ['person-0', 'person-1']) history.issue(code, person);
  let knowing = history.knowledge();
  for (const [number, step] of all.entries()) {
    happens(history, step, number);
    const forgery = forgeries[number];
    if (forgery === undefined) continue;
    const asked = { person: `person-${number % 3}`, requester: number % 4 === 0 ? SOCIETY : CITY_X, affair: AFFAIRS[forgery % 2] as string };
    history.ask(forgery % 5 === 0 ? { ...asked, generation: 2 } : asked, { change: forge(forgery), ...(number % 3 === 0 ? { knowing } : {}) });
    if (number % 7 === 0) knowing = history.knowledge();
    if (number % 23 === 22) history.destroyKey(keyOf(START));
  }
  return history;
}

describe('the short way through decisions', () => {
  it('comes to what the long way comes to, whatever was recorded, also under another law', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(13), { maxLength: 60 }), fc.constantFrom<keyof typeof LAWS>('draft', 'day'), (all, forgeries, law) => {
        const history = anyRecord(all, forgeries);
        expect(run(history, false, law).result).toEqual(run(history, true, law).result);
      }),
      { numRuns: 200 },
    );
  });

  it('is taken by every decision that is as it must be', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { result, confirmed } = run(anyRecord(all, []), false);
        expect(confirmed).toBe(result.months.reduce((sum, { permitted, denied }) => sum + permitted + denied, 0));
      }),
      { numRuns: 50 },
    );
  });

  it('is taken where a department has a Japanese name, not where a text is escaped', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.ask({ department: '税務課', period: '2020', dataset: 'a', procedure: 'P', applicationId: 'A' });
    history.ask({ requesterInstitution: CITY_X, providerInstitution: CITY_A });
    expect(run(history, false).confirmed).toBe(2);
    history.ask({ department: 'a\\b' });
    expect(run(history, false)).toMatchObject({ confirmed: 2, result: { months: [{ agrees: 3 }] } });
  });

  it('tells a decision that is not of its shape by its place, and goes on', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    history.ask();
    const exchange = history.ask();
    history.ask();
    const at = history.stored.findIndex(({ stream }) => stream === `exchange-${exchange}`);
    const stored = history.stored[at] as (typeof history.stored)[number];
    const text = Buffer.from(stored.bytes)
      .toString('utf8')
      .replace(/"basis":\{.*?\},"department"/, '"department"');
    history.stored[at] = { ...stored, bytes: Buffer.from(text) };
    const { result } = run(history, false);
    expect(result).toMatchObject({ found: { DECISION_UNREADABLE: 1 }, findings: [{ code: 'DECISION_UNREADABLE', exchange, position: String(at + 1) }] });
    expect(result.months).toMatchObject([{ agrees: 2 }]);
  });
});
