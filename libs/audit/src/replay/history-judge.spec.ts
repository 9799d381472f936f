import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Message } from '#libs/kernel';
import { AFFAIRS, happens, held, WHAT_MAX } from './any-history.fixture.js';
import { HistoryJudge, type Judged } from './history-judge.js';
import {
  AFFAIR,
  CITY_A,
  CITY_X,
  HistoryFixture,
  identifierStream,
  item,
  keyOf,
  OTHER_AFFAIR,
  RESIDENT,
  SOCIETY,
  standardItems,
  START,
  table,
} from './history.fixture.js';

function judged(history: HistoryFixture): readonly Judged[] {
  const judge = new HistoryJudge(history.foundation());
  return history.decisions().map((decision) => judge.judge(decision));
}
const only = (history: HistoryFixture): Judged => {
  const all = judged(history);
  expect(all).toHaveLength(1);
  return all[0] as Judged;
};
const codes = ({ found }: Judged): readonly string[] => found.map(({ code }) => code);
const fields = ({ found }: Judged): readonly string[] => found.flatMap(({ differences }) => differences.map(({ field }) => field));
/** Forges fields of the recorded decision. */
const forged =
  (change: (data: Record<string, unknown>) => Record<string, unknown>, type?: string) =>
  ([first, ...rest]: readonly Message[]): readonly Message[] => [
    { type: type ?? (first as Message).type, data: change((first as Message).data as Record<string, unknown>) },
    ...rest,
  ];

describe('given a record as the core makes it', () => {
  it('agrees with a permit, with one whose provider holds no identifier, and with every reason of a denial', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.ask();
    history.issue(CITY_A, 'person');
    history.ask();
    history.ask({ affair: OTHER_AFFAIR });
    history.ask({ affair: 'JM99000000000999' });
    history.ask({ information: RESIDENT });
    history.ask({ provider: SOCIETY });
    history.ask({ provider: CITY_X });
    history.ask({ provider: '9900000000000099' });
    history.ask({ person: 'nobody' });
    history.agency(CITY_A, { type: 'AgencySuspended', data: { reason: 'breach' } });
    history.ask();
    history.agency(CITY_A, { type: 'AgencyReinstated', data: { reason: 'mended' } });
    history.agency(CITY_X, { type: 'AssessmentWithdrawn', data: { affairs: [AFFAIR] } });
    history.ask();
    const all = judged(history);
    expect(all).toHaveLength(11);
    for (const one of all) expect(one).toMatchObject({ agreement: 'agrees', found: [] });
  });

  it('decides on the revisions that were named, whatever was recorded later', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    history.ask();
    history.identifier(CITY_X, 'person', { type: 'IdentifierRevoked', data: { holder: CITY_X, generation: 1, reason: 'lost' } });
    history.agency(CITY_A, { type: 'AgencySuspended', data: { reason: 'breach' } });
    history.law('matrix-2020-05-01', ...table('2020-05-01', '2020-05-01', [item('2020-05-01', '3', OTHER_AFFAIR, 'health-insurance-society')]));
    expect(only(history)).toMatchObject({ agreement: 'agrees', found: [] });
  });

  it('cannot tell from events alone why an identifier was not valid, where it did not lie with its stream', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.ask({ forged: true });
    history.ask({ generation: 2 });
    history.identifier(CITY_X, 'person', { type: 'IdentifierRevoked', data: { holder: CITY_X, generation: 1, reason: 'lost' } });
    history.ask();
    expect(judged(history).map(({ agreement }) => agreement)).toEqual(['sealed', 'sealed', 'agrees']);
  });
});

describe('a decision that is not what the law gives', () => {
  const permitted = (): HistoryFixture => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    return history;
  };

  it.each([
    ['item', { item: '3' }],
    ['grant', { grant: 1 }],
    ['table', { table: 'forged' }],
    ['affair', { affair: OTHER_AFFAIR }],
    ['information', { information: RESIDENT }],
    ['provider', { provider: SOCIETY }],
  ])('is found in a permit whose %s was changed', (_, change) => {
    const history = permitted();
    history.ask({}, { change: forged((data) => ({ ...data, ...change })) });
    const found = only(history);
    expect(found.agreement).toBe('differs');
    expect(found.found.length).toBeGreaterThan(0);
  });

  it('is found where a denial was recorded as a permit', () => {
    const history = permitted();
    const change = forged(
      ({ reason: _, article: __, exceptionApplied: ___, ...data }) => ({ ...data, item: '74', grant: 0, validUntil: START }),
      'QueryPermitted',
    );
    history.ask({ information: RESIDENT }, { change });
    const found = only(history);
    expect(codes(found)).toEqual(['DECISION_DIFFERS']);
    expect(found.found[0]?.differences).toEqual(
      expect.arrayContaining([
        { field: 'outcome', recorded: 'permitted', again: 'denied' },
        { field: 'reason', recorded: '–', again: 'INFORMATION_NOT_IN_ITEM' },
      ]),
    );
  });

  it.each(['reason', 'article', 'exceptionApplied'])('is found in a denial whose %s was changed', (field) => {
    const history = permitted();
    history.ask({ information: RESIDENT }, { change: forged((data) => ({ ...data, [field]: field === 'exceptionApplied' ? false : 'SAME_AGENCY' })) });
    expect(fields(only(history))).toEqual([field]);
  });

  it('is found where the basis lacks what was looked at, or names more', () => {
    const history = permitted();
    history.ask({}, { change: forged((data) => ({ ...data, basis: { ...(data['basis'] as object), openings: [] } })) });
    history.ask({}, { change: forged(({ basis, ...data }) => ({ ...data, basis: { ...(basis as object), requesterInstitution: 0 } })) });
    const [lacks, more] = judged(history) as [Judged, Judged];
    expect(fields(lacks)).toEqual(['basis.openings']);
    expect(fields(more)).toEqual(['basis.requesterInstitution']);
  });

  it('is found where a permit cites a revoked identifier', () => {
    const history = permitted();
    history.identifier(CITY_X, 'person', { type: 'IdentifierRevoked', data: { holder: CITY_X, generation: 1, reason: 'lost' } });
    history.issue(CITY_X, 'other');
    const change = forged((data) => ({
      ...data,
      basis: { ...(data['basis'] as object), requesterIdentifier: { stream: identifierStream(CITY_X, 'person'), revision: 1 } },
    }));
    history.ask({ person: 'other' }, { change });
    expect(fields(only(history))).toContain('outcome');
  });

  it('is found where the notification was possible, and where it was not', () => {
    const history = permitted();
    const impossible = { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } };
    history.ask({}, { change: ([first]) => [first as Message, impossible] });
    history.issue(CITY_X, 'other');
    history.ask({ person: 'other' }, { change: ([first]) => [first as Message] });
    expect(judged(history).map((one) => fields(one))).toEqual([['notification'], ['notification']]);
  });

  it('never tells a sealed value', () => {
    const history = permitted();
    history.ask({}, { change: forged((data) => ({ ...data, providerSubject: undefined })) });
    expect(JSON.stringify(only(history).found)).not.toContain('c2VhbGVk');
    expect(fields(only(history))).toEqual(['providerSubject']);
  });
});

describe('a basis that was stale when the decision was recorded', () => {
  it('is found with the stream that had moved on, and what it would have changed', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    const knowing = history.knowledge();
    history.agency(CITY_A, { type: 'AgencySuspended', data: { reason: 'breach' } });
    history.ask({}, { knowing });
    const found = only(history);
    expect(found.agreement).toBe('agrees');
    expect(found.found).toEqual([
      {
        code: 'BASIS_STALE',
        differences: expect.arrayContaining([
          { field: 'outcome', recorded: 'permitted', again: 'denied' },
          { field: 'reason', recorded: '–', again: 'AGENCY_SUSPENDED_PROVIDER' },
        ]) as never,
        basis: [{ stream: `agency-${CITY_A}`, revision: 1, newest: 2, position: String(history.stored.length - 1) }],
      },
    ]);
  });

  it('is found with an identifier, an opening and a repeal, also where nothing changes by them', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    const knowing = history.knowledge();
    history.identifier(CITY_A, 'person', { type: 'IdentifierAlreadyHeld', data: { ...held(CITY_A), acquisition: 'b' } });
    history.open('municipality', ['99']);
    history.law('matrix-2020-04-01', { type: 'PermissionMatrixRepealed', data: { version: '2020-04-01', effectiveFrom: '2024-05-27', source: 'test' } });
    history.ask({}, { knowing });
    const [found] = only(history).found;
    expect(found).toMatchObject({ code: 'BASIS_STALE', differences: [] });
    expect(found?.basis.map(({ stream }) => stream)).toEqual(['matrix-2020-04-01', 'opening-municipality', identifierStream(CITY_A, 'person')]);
  });

  it('is found with a table that came meanwhile, though no basis can name it', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    const knowing = history.knowledge();
    history.law('matrix-2020-05-01', ...table('2020-05-01', '2020-05-01', standardItems('2020-05-01')));
    history.ask({}, { knowing });
    const found = only(history);
    expect(codes(found)).toEqual(['BASIS_STALE']);
    expect(found.found[0]?.basis).toEqual([{ stream: 'matrix-2020-05-01', revision: -1, newest: 2, position: String(history.stored.length - 1) }]);
    expect(fields(found)).toContain('table');
  });

  it.each([
    ['an agency', { requester: 9 }],
    ['the table', { matrix: 9 }],
    ['an opening', { openings: [{ stream: 'opening-municipality', revision: 4 }] }],
    ['an identifier', { requesterIdentifier: { stream: identifierStream(CITY_X, 'person'), revision: 3 } }],
  ])('is unknown where it names a revision of %s that was not recorded by then', (_, basis) => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    history.ask({}, { change: forged((data) => ({ ...data, basis: { ...(data['basis'] as object), ...basis } })) });
    expect(codes(only(history))).toEqual(['BASIS_UNKNOWN']);
  });
});

describe('an input that was erased', () => {
  it('makes undecidable what rests on it, whenever the key was destroyed; the rest is decided', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    history.ask();
    history.ask({ forged: true });
    history.ask({ information: RESIDENT });
    history.ask({ person: 'nobody' });
    history.later(31 * 86_400_000);
    history.ask();
    history.destroyKey(keyOf(START));
    expect(judged(history).map(({ agreement }) => agreement)).toEqual(['erased', 'erased', 'agrees', 'agrees', 'agrees']);
  });

  it('hides no decision that is wrong in what is left', () => {
    const history = HistoryFixture.inForce();
    history.issue(CITY_X, 'person');
    history.issue(CITY_A, 'person');
    history.ask({}, { change: forged((data) => ({ ...data, item: '3' })) });
    history.destroyKey(keyOf(START));
    expect(only(history).agreement).toBe('differs');
  });
});

const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: WHAT_MAX }), fc.nat(3), fc.nat(5), fc.nat(9)), { minLength: 5, maxLength: 60 });

describe('any history that the deciders make', () => {
  it('replays to agreement', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const history = HistoryFixture.inForce();
        for (const [number, step] of all.entries()) happens(history, step, number);
        for (const one of judged(history)) expect(one).toMatchObject({ agreement: 'agrees', found: [] });
      }),
      { numRuns: 150 },
    );
  });

  const CHANGES: readonly ((data: Record<string, unknown>) => Record<string, unknown>)[] = [
    (data) => ({ ...data, item: '999' }),
    (data) => ({ ...data, table: 'v999' }),
    (data) => ('grant' in data ? { ...data, grant: 7 } : { ...data, reason: data['reason'] === 'SAME_AGENCY' ? 'NOT_YET_OPEN' : 'SAME_AGENCY' }),
    (data) => ('article' in data ? { ...data, article: '番号法1条' } : { ...data, information: 'TM00000000000009' }),
    (data) => ({ ...data, requester: '9900000000000077' }),
  ];
  it('does not, once any decision in it is changed', () => {
    fc.assert(
      fc.property(steps, fc.nat(9), fc.nat(4), (all, matter, which) => {
        const history = HistoryFixture.inForce();
        for (const [number, step] of all.entries()) happens(history, step, number);
        history.ask({ affair: AFFAIRS[matter % 3] as string }, { change: forged(CHANGES[which] as never) });
        const last = judged(history).at(-1) as Judged;
        expect(last.found.length).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });
});
