import { describe, expect, it } from '@jest/globals';
import { decideAllowance, taxFactsOf } from './allowance.js';

const earns = (totalIncome: number, dependants = 0) => ({ facts: { totalIncome, dependants } });

describe('child allowance', () => {
  it('grants the allowance for each child under the limit of the parent who earns more', () => {
    expect(decideAllowance(2, [earns(4_120_000, 2), earns(980_000)])).toEqual({ decision: 'allowance', monthlyAmount: 20_000 });
    expect(decideAllowance(1, [earns(6_219_999)])).toEqual({ decision: 'allowance', monthlyAmount: 10_000 });
  });
  it('gives the special benefit from the limit on, which grows with each dependant', () => {
    expect(decideAllowance(1, [earns(6_220_000)])).toEqual({ decision: 'special-benefit', monthlyAmount: 5_000 });
    expect(decideAllowance(1, [earns(6_220_000, 1)]).decision).toBe('allowance');
    expect(decideAllowance(3, [earns(900_000), earns(9_000_000, 2)])).toEqual({ decision: 'special-benefit', monthlyAmount: 15_000 });
  });
  it('leaves it to a clerk where facts are missing, with the reason', () => {
    expect(decideAllowance(1, [earns(1), { missing: 'NOT_IN_TABLE' }])).toEqual({ decision: 'to-a-clerk', monthlyAmount: 0, reason: 'NOT_IN_TABLE' });
    expect(decideAllowance(1, [])).toMatchObject({ decision: 'to-a-clerk', reason: 'NO_FACTS' });
  });
  it('takes for facts only what the layout has', () => {
    expect(taxFactsOf({ totalIncome: 5, filed: true })).toEqual({ totalIncome: 5, dependants: 0 });
    expect(taxFactsOf({ totalIncome: '5' })).toBeUndefined();
    expect(taxFactsOf(undefined)).toBeUndefined();
  });
});
