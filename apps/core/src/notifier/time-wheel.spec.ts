import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { waitMs } from './backoff.js';
import { TimeWheel } from './time-wheel.js';

describe('a time wheel', () => {
  it('gives out what is due, never early, and each once', () => {
    const operations = fc.array(
      fc.oneof(
        fc.record({ set: fc.nat(20), dueMs: fc.nat(10_000) }),
        fc.record({ delete: fc.nat(20) }),
        fc.record({ nowMs: fc.nat(12_000), limit: fc.integer({ min: 1, max: 30 }) }),
      ),
    );
    fc.assert(
      fc.property(operations, (steps) => {
        const wheel = new TimeWheel<number>(250);
        const due = new Map<number, number>();
        for (const step of steps) {
          if ('set' in step) {
            wheel.set(step.set, step.dueMs);
            due.set(step.set, step.dueMs);
          } else if ('delete' in step) {
            wheel.delete(step.delete);
            due.delete(step.delete);
          } else {
            const taken = wheel.takeDue(step.nowMs, step.limit);
            expect(taken.length).toBeLessThanOrEqual(step.limit);
            for (const item of taken) expect(due.get(item)).toBeLessThanOrEqual(step.nowMs);
            for (const item of taken) due.delete(item);
            const overdue = [...due.values()].filter((ms) => ms <= step.nowMs - 250);
            if (taken.length < step.limit) expect(overdue).toEqual([]);
          }
          expect(wheel.size).toBe(due.size);
        }
      }),
    );
  });
});

describe('the wait before another attempt', () => {
  const backoff = { firstMs: 1_000, maxMs: 60_000 };
  it('doubles up to its most, the last fifth of it by chance', () => {
    expect([0, 1, 2, 3, 6, 7, 50].map((attempt) => waitMs(backoff, attempt, () => 1))).toEqual([1_000, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
    expect(waitMs(backoff, 1, () => 0)).toBe(800);
  });
});
