import {
  AFFAIR,
  CITY_A,
  CITY_B,
  CITY_X,
  FIRST_DAY,
  type HistoryFixture,
  OTHER_AFFAIR,
  RESIDENT,
  SOCIETY,
  standardItems,
  table,
  TAX,
} from './history.fixture.js';

export const held = (
  holder: string,
): { holder: string; epoch: number; generation: number; identifier: { key: string; commitment: string; sealed: string } } => ({
  holder,
  epoch: 1,
  generation: 1,
  identifier: { key: 'holder', commitment: 'A', sealed: 'B' },
});

/** What happens, and three numbers that say to whom. */
export type Step = readonly [what: number, who: number, whom: number, matter: number];
const CITIES = [CITY_X, CITY_A, CITY_B, SOCIETY] as const;
export const AFFAIRS = [AFFAIR, OTHER_AFFAIR, 'JM99000000000999'] as const;

/** One thing that may happen to a core, by the step's own numbers. */
export function happens(history: HistoryFixture, [what, who, whom, matter]: Step, number: number): void {
  const code = CITIES[who % CITIES.length] as string;
  const person = `person-${whom % 3}`;
  const version = `v${number}`;
  switch (what) {
    case 0:
      return history.agency(code, { type: whom % 2 === 0 ? 'AgencySuspended' : 'AgencyReinstated', data: { reason: 'test' } });
    case 1:
      return history.agency(code, { type: whom % 2 === 0 ? 'AssessmentWithdrawn' : 'AssessmentPublished', data: { affairs: [AFFAIRS[matter % 3] as string] } });
    case 2:
      return history.issue(code, person);
    case 3:
      return history.identifier(code, person, { type: 'IdentifierRevoked', data: { holder: code, generation: 1, reason: 'test' } });
    case 4:
      return history.identifier(code, person, { type: 'IdentifierReissued', data: { ...held(code), generation: 2, reason: 'test' } });
    case 5:
      return history.law(`matrix-${version}`, ...table(version, matter % 2 === 0 ? FIRST_DAY : '2020-05-09', standardItems(version).slice(whom % 2)));
    case 6:
      return history.agency(code, { type: 'AgencyParticipationChanged', data: { role: whom % 2 === 0 ? 'answer-only' : 'participant', from: '2020-05-09' } });
    case 7:
      return history.later(40_000_000);
    default:
      history.ask({
        requester: code,
        provider: CITIES[whom % CITIES.length] as string,
        affair: AFFAIRS[matter % 3] as string,
        information: matter % 5 === 0 ? RESIDENT : TAX,
        person,
      });
  }
}
/** Numbers of things that may happen, up to a query's. */
export const WHAT_MAX = 14;
