import { describe, expect, it } from '@jest/globals';
import { factsOf, type QueryFacts, queryFacts } from './query-facts.js';

const names = Object.keys(queryFacts);
const whole = Object.fromEntries(names.map((name) => [name, name === 'nonDisclosure' ? true : name])) as unknown as QueryFacts;

describe('the facts of a query', () => {
  it('are all there are, and nothing else', () => {
    expect(factsOf({ ...whole, identifier: 'x' } as QueryFacts)).toEqual(whole);
  });
  it('leave out what was left out', () => {
    const { requester, provider, affair, information, department, nonDisclosure, requestedAt } = whole;
    const least = { requester, provider, affair, information, department, nonDisclosure, requestedAt };
    expect(Object.keys(factsOf({ ...least, period: undefined } as unknown as QueryFacts)).sort()).toEqual(Object.keys(least).sort());
  });
});
