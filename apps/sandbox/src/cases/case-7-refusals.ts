import { type CastAgency, theCast } from '../cast/agencies.js';
import { AFFAIR_OUTSIDE_TABLE, INFORMATION } from '../cast/law.js';
import { type Person, thePeople } from '../cast/people.js';
import { TAX_YEAR } from '../cast/replicas.js';
import { type Ask, denied, received } from './ask.js';
import type { Case, EarlierCase } from './case.js';
import { case7Texts } from './case-7.texts.js';
import { foreignIdentifier } from './foreign-identifier.js';
import type { Stage } from './stage.js';

/** What every refusal here starts from: lawful, but for one thing. */
function lawful(): Omit<Ask, 'expected'> {
  const { toyonaka, tokorozawa } = theCast();
  return {
    requester: toyonaka,
    provider: tokorozawa,
    person: thePeople().kenta,
    item: '74',
    information: INFORMATION.localTax,
    period: TAX_YEAR,
    department: 'child-welfare',
  };
}

/** An operator's act at the core, over its own interface. */
async function operate(stage: Stage, path: string, line: object): Promise<void> {
  const answer = await stage.nation
    .operator()
    .call<{ outcomes: readonly { ok: boolean }[] }>({ method: 'POST', path, body: { lines: [line] }, idempotent: true });
  stage.check(answer.outcomes[0]?.ok === true, `the operator’s act at ${path} was refused`);
}

/** Refusals (domain of the law): each cites its article, is recorded by requester and core, and reaches no provider. */
export const case7: Case = {
  name: '7',
  title: { en: 'Refusals', ja: '不許可となる照会' },
  story: {
    en: 'What the law does not let through is refused, with its article, and recorded by requester and core; the provider never hears of it.',
    ja: '法が認めない照会は、根拠条文を示して不許可となり、照会者とコアシステムに記録される。提供者には何も送られない。',
  },
  async play(stage) {
    const { labour, farmersFund, unionUnassessed, unionSuspended, taxAgency, tokorozawa, akitaPrefecture } = theCast();
    const { kenta } = thePeople();
    const { item: _item, ...withoutItem } = lawful();
    const { period: _period, ...withoutPeriod } = lawful();
    const ask = (change: Partial<Ask> & Pick<Ask, 'expected'>): Ask => ({ ...lawful(), ...change });
    await stage.ask([
      { ...withoutItem, affair: AFFAIR_OUTSIDE_TABLE, expected: denied('AFFAIR_NOT_IN_TABLE') },
      ask({ information: INFORMATION.livelihood, expected: denied('INFORMATION_NOT_IN_ITEM') }),
      ask({ provider: labour, expected: denied('PROVIDER_NOT_IN_ITEM') }),
      ask({
        requester: farmersFund,
        person: kenta,
        item: '51',
        information: INFORMATION.pension,
        provider: theCast().pension,
        expected: denied('NO_SUCH_INSTITUTION'),
      }),
      ask({ item: '69の2', information: INFORMATION.healthCheck, expected: denied('NOT_YET_OPEN') }),
      ask({ requester: unionUnassessed, item: '94', expected: denied('ASSESSMENT_UNPUBLISHED_REQUESTER') }),
      { ...withoutPeriod, provider: unionUnassessed, item: '94', information: INFORMATION.careInsurance, expected: denied('ASSESSMENT_UNPUBLISHED_PROVIDER') },
      { ...lawful(), requester: akitaPrefecture, person: thePeople().yuko, expected: denied('REQUESTER_NOT_IN_ITEM') },
      ask({ provider: taxAgency, expected: denied('NOT_A_PARTICIPANT') }),
    ]);
    await foreignIdentifier(stage);
    await suspended(stage, unionSuspended, tokorozawa, kenta);
  },
};

/** A suspended agency neither asks nor answers; reinstated, it does again. */
async function suspended(stage: Stage, union: CastAgency, provider: CastAgency, person: Person): Promise<void> {
  const texts = case7Texts(stage.language);
  const common = { ...lawful(), item: '94', department: 'care-insurance' };
  const asks = { ...common, requester: union, provider, person };
  const { period: _period, ...answers } = { ...common, requester: theCast().toyonaka, provider: union, information: INFORMATION.careInsurance };
  await operate(stage, '/operations/suspensions', { code: union.code, reason: 'shown by the sandbox' });
  stage.tell('note', texts.suspended(stage.label(union)));
  await stage.ask([{ ...asks, expected: denied('AGENCY_SUSPENDED_REQUESTER') }]);
  await stage.ask([{ ...answers, expected: denied('AGENCY_SUSPENDED_PROVIDER') }]);
  await operate(stage, '/operations/reinstatements', { code: union.code, reason: 'shown by the sandbox' });
  stage.tell('note', texts.reinstated(stage.label(union)));
  await stage.ask([{ ...asks, expected: received('94') }]);
}

/** Refusals that only an earlier day shows: before the table, before the pension service, before resident facts under item 74. */
export const earlierCases: readonly EarlierCase[] = [
  {
    name: '7-before-the-table',
    at: '2017-07-01T10:00:00+09:00',
    title: { en: 'Before the first table', ja: '施行前の照会' },
    story: { en: '1 July 2017: no table is in force yet.', ja: '平成29年7月1日：別表第二による情報連携はまだ始まっていない。' },
    play: async (stage) => void (await stage.ask([{ ...lawful(), period: '2017', expected: denied('NO_TABLE_IN_FORCE') }])),
  },
  {
    name: '1-before-resident-facts',
    at: '2018-06-29T10:00:00+09:00',
    title: { en: 'Child allowance, before 2 July 2018', ja: '児童手当（平成30年7月2日より前）' },
    story: {
      en: '29 June 2018: resident facts are not in item 74 yet; the family still brings a certificate.',
      ja: '平成30年6月29日：74の項にまだ住民票関係情報がないため、住民票の写しの添付が必要。',
    },
    async play(stage) {
      const { toyonaka, matsumoto } = theCast();
      const ask = {
        requester: toyonaka,
        provider: matsumoto,
        person: thePeople().haruto,
        item: '74',
        information: INFORMATION.residents,
        department: 'child-welfare',
      };
      await stage.ask([{ ...ask, expected: denied('INFORMATION_NOT_IN_ITEM') }]);
    },
  },
  {
    name: '6-before-the-pension-service',
    at: '2019-06-14T10:00:00+09:00',
    title: { en: 'Pension claim, before 17 June 2019', ja: '年金の裁定請求（令和元年6月17日より前）' },
    story: { en: '14 June 2019: the pension service does not take part yet.', ja: '令和元年6月14日：日本年金機構はまだ情報連携に参加していない。' },
    async play(stage) {
      const { pension, tokorozawa } = theCast();
      const ask = {
        requester: pension,
        provider: tokorozawa,
        person: thePeople().kenta,
        item: '35',
        information: INFORMATION.localTax,
        period: '2019',
        department: 'claims',
      };
      await stage.ask([{ ...ask, expected: denied('NOT_YET_OPEN') }]);
    },
  },
];
