import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addDuration, addDurations, noDurations, PERCENTILE_ERROR, percentileMs } from './histogram.js';

const durations = fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 40 * 24 * 3_600_000 })), { minLength: 1, maxLength: 200 });

describe('durations', () => {
  it('tell each percentile within the stated error, and the longest exactly', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const counted = noDurations();
        for (const ms of all) addDuration(counted, ms);
        const ordered = [...all].sort((a, b) => a - b);
        const exact = ordered[Math.max(1, Math.ceil(share * all.length)) - 1] as number;
        const told = percentileMs(counted, share);
        expect(Math.abs(told - exact)).toBeLessThanOrEqual((exact + 1) * PERCENTILE_ERROR + 0.5);
        expect(counted.maxMs).toBe(ordered.at(-1));
        expect(told).toBeLessThanOrEqual(counted.maxMs);
      }),
    );
  });

  it('add up as if they had been counted together', () => {
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const [one, other, both] = [noDurations(), noDurations(), noDurations()];
        for (const ms of some) addDuration(one, ms);
        for (const ms of others) addDuration(other, ms);
        for (const ms of [...some, ...others]) addDuration(both, ms);
        addDurations(one, other);
        expect(one).toEqual(both);
      }),
    );
  });

  it('of nothing tell nothing, and take a clock that went backwards as no time', () => {
    expect(percentileMs(noDurations(), 0.5)).toBe(0);
    const counted = noDurations();
    addDuration(counted, -5);
    expect([counted.maxMs, counted.sumMs, percentileMs(counted, 0.99)]).toEqual([0, 0, 0]);
  });
});
