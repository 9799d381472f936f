import { describe, expect, it } from '@jest/globals';
import { RecentRecords } from './recent-records.js';
import { positionOf, type Recorded } from './stored-event.js';

const record = (position: number, bytes = 10): Recorded =>
  ({ isJson: false, data: new Uint8Array(bytes), position: { commit: BigInt(position), prepare: BigInt(position) } }) as unknown as Recorded;
const records = (...positions: readonly number[]): Recorded[] => positions.map((position) => record(position));
const told = (found: readonly Recorded[]): number[] => found.map((one) => Number(positionOf(one)));

describe('the newest records of a log', () => {
  it('are told from the one at a position on, and none from where none stands', () => {
    const recent = new RecentRecords();
    expect(recent.from(10n, 5)).toEqual([]);
    recent.add(records(10, 25, 40));
    expect(told(recent.from(10n, 2))).toEqual([10, 25]);
    expect(told(recent.from(40n, 5))).toEqual([40]);
    for (const position of [9n, 11n, 41n]) expect(recent.from(position, 5)).toEqual([]);
  });

  it('grow by what overlaps them, each once; what is older changes nothing', () => {
    const recent = new RecentRecords();
    recent.add(records(10, 25, 40));
    recent.add(records(25, 40, 60));
    recent.add(records(10, 25));
    recent.add([]);
    expect(told(recent.from(10n, 10))).toEqual([10, 25, 40, 60]);
  });

  it('begin anew with what is no neighbour: nothing may be missing between two of them', () => {
    const recent = new RecentRecords();
    recent.add(records(10, 25));
    recent.add(records(90, 95));
    expect(recent.from(10n, 10)).toEqual([]);
    expect(told(recent.from(90n, 10))).toEqual([90, 95]);
  });

  it('are bounded by number and by bytes: the oldest go', () => {
    const byNumber = new RecentRecords();
    byNumber.add(records(...Array.from({ length: 9_000 }, (_, at) => at + 1)));
    expect([byNumber.from(808n, 1).length, byNumber.from(809n, 10_000).length]).toEqual([0, 8_192]);
    const byBytes = new RecentRecords();
    byBytes.add([1, 2, 3].map((position) => record(position, 4 * 1_048_576)));
    expect([byBytes.from(1n, 3).length, told(byBytes.from(2n, 3))]).toEqual([0, [2, 3]]);
  });

  it('are gone when cleared', () => {
    const recent = new RecentRecords();
    recent.add(records(10));
    recent.clear();
    expect(recent.from(10n, 1)).toEqual([]);
  });
});
