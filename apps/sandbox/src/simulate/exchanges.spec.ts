import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { affairsToAssess, type AgencyStanding, judge, standingOf } from '#libs/domain';
import { referenceAgencies, referenceHistory } from '#libs/reference-data';
import { ASSUMED_SHARES, type Side, type SimulatedExchange, Workload } from './exchanges.js';
import { PROVISIONS, PROVISIONS_BEFORE_PENSION, PROVISIONS_SINCE_PENSION, TOP_INFORMATION, TOP_PROCEDURES } from './seed-figures.js';
import { Tally, type TallyReport } from './tally.js';

/** Of shares, at 20,000 exchanges: four standard deviations of the largest are 0.014. */
const TOLERANCE = 0.015;
const EXCHANGES = 20_000;

function tallied(
  seed: string,
  exchanges: number,
  span: { readonly from?: string; readonly to?: string } = {},
): TallyReport & { readonly ids: readonly string[] } {
  const tally = new Tally();
  const ids: string[] = [];
  for (const exchange of new Workload({ seed, exchanges, ...span }).exchanges()) {
    tally.add(exchange);
    ids.push(`${exchange.exchangeId} ${exchange.outcome} ${exchange.requester.holder.registration.code} ${exchange.provider.holder.registration.code}`);
  }
  return { ...tally.report(), ids };
}

/** What the table and the register of the reference data say, as a core would. */
function judged({ requester, provider, affair, information, day }: SimulatedExchange): string {
  const standing = (side: Side, which: 'holder' | 'institution'): AgencyStanding | undefined =>
    standings().get((which === 'holder' ? side.holder : (side.institution ?? side.holder)).registration.code);
  const question = {
    ...{ requester: standing(requester, 'institution'), provider: standing(provider, 'institution'), affair, information, day },
    ...{ requesterHolder: standing(requester, 'holder'), providerHolder: standing(provider, 'holder') },
  };
  const legality = judge(referenceHistory(), question as Parameters<typeof judge>[1]);
  return legality.permitted ? 'permitted' : legality.code;
}
let known: ReadonlyMap<string, AgencyStanding> | undefined;
function standings(): ReadonlyMap<string, AgencyStanding> {
  if (known !== undefined) return known;
  const affairs = new Map<string, Set<string>>();
  for (const { matrix } of referenceHistory().list()) {
    for (const [name, codes] of affairsToAssess(matrix)) affairs.set(name, new Set([...(affairs.get(name) ?? []), ...codes]));
  }
  return (known = new Map(
    referenceAgencies().map(({ registration, delegatedTo }) => {
      const delegated = delegatedTo === undefined ? {} : { delegatedTo };
      return [registration.code, { ...standingOf(registration), ...delegated, assessed: affairs.get(registration.class) ?? new Set<string>() }];
    }),
  ));
}

describe('the workload of a seed', () => {
  it('has the proportions that the source tells: procedures, informations, before and since the pension service', () => {
    const { provisions, procedures, information, beforePension, outcomes } = tallied('1', EXCHANGES);
    const shareOf = (count: number | undefined): number => (count ?? 0) / provisions;
    for (const { key, count } of TOP_PROCEDURES) expect(Math.abs(shareOf(procedures[key]) - count / PROVISIONS)).toBeLessThan(TOLERANCE);
    for (const { key, count } of TOP_INFORMATION) expect(Math.abs(shareOf(information[key]) - count / PROVISIONS)).toBeLessThan(TOLERANCE);
    const before = PROVISIONS_BEFORE_PENSION / (PROVISIONS_BEFORE_PENSION + PROVISIONS_SINCE_PENSION);
    expect(Math.abs(shareOf(beforePension) - before)).toBeLessThan(TOLERANCE);
    for (const [outcome, share] of Object.entries(ASSUMED_SHARES)) {
      expect(Math.abs((outcomes[outcome as keyof typeof outcomes] ?? 0) / EXCHANGES - share)).toBeLessThan(TOLERANCE / 3);
      expect(outcomes[outcome as keyof typeof outcomes]).toBeGreaterThan(0);
    }
  });

  it('has its peaks in June and July', () => {
    const { months } = tallied('peaks', EXCHANGES, { from: '2018-01-01', to: '2018-12-31' });
    const busiest = Object.entries(months).sort(([, one], [, other]) => other - one);
    expect(
      busiest
        .slice(0, 2)
        .map(([month]) => month)
        .sort(),
    ).toEqual(['2018-06', '2018-07']);
  });

  it('is judged by the law of its day as it is meant', () => {
    for (const exchange of new Workload({ seed: 'law', exchanges: 5_000 }).exchanges()) {
      expect([exchange.item, exchange.day, judged(exchange)]).toEqual([exchange.item, exchange.day, exchange.denial ?? 'permitted']);
    }
  });

  it('goes on in time, within the days that it was asked for', () => {
    let before = 0;
    for (const { atMs, day } of new Workload({ seed: 'time', exchanges: 2_000, from: '2019-06-10', to: '2019-06-21' }).exchanges()) {
      expect(atMs).toBeGreaterThanOrEqual(before);
      expect(day >= '2019-06-10' && day <= '2019-06-21').toBe(true);
      before = atMs;
    }
  });

  it('is the same for the same seed, and another for another', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 60 }),
        (seed, other, exchanges) => {
          fc.pre(seed !== other);
          const first = tallied(seed, exchanges);
          expect(tallied(seed, exchanges)).toEqual(first);
          expect(tallied(other, exchanges).ids.filter((id) => first.ids.includes(id))).toEqual([]);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('never gives two exchanges one id', () => {
    const { ids } = tallied('ids', EXCHANGES, { from: '2020-05-07', to: '2020-05-07' });
    expect(new Set(ids.map((id) => id.slice(0, 36))).size).toBe(EXCHANGES);
  });
});
