import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, WallClock } from './clock.js';
import { SandboxClock } from './sandbox-clock.js';

let directory: string;
let monotonic = 0;
const open = (): SandboxClock =>
  SandboxClock.open({ file: join(directory, 'clock.json'), startsAt: '2020-05-08T09:00:00+09:00', monotonicMs: () => monotonic });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-clock-'));
  monotonic = 1_000;
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the clock of the sandbox', () => {
  it('starts at its instant and advances with time', () => {
    const clock = open();
    expect(clock.now()).toBe('2020-05-08T00:00:00.000Z');
    monotonic += 1_500;
    expect(clock.now()).toBe('2020-05-08T00:00:01.500Z');
  });

  it('goes on where it was closed, however long it stood', () => {
    const clock = open();
    monotonic += 5_000;
    clock.close();
    monotonic = 99_000_000;
    expect(open().now()).toBe('2020-05-08T00:00:05.001Z');
  });

  it('never runs backwards over a crash', () => {
    let last = '';
    for (let life = 0; life < 5; life += 1) {
      const clock = open();
      expect(clock.now() > last).toBe(true);
      monotonic += 130_000;
      last = clock.now();
    }
  });

  it('can be set, and keeps that', () => {
    const clock = open();
    clock.set('2019-06-01T00:00:00+09:00');
    monotonic += 10;
    expect(clock.now()).toBe('2019-05-31T15:00:00.010Z');
    clock.close();
    expect(open().now()).toBe('2019-05-31T15:00:00.011Z');
    expect(() => clock.set('yesterday')).toThrow(RangeError);
  });

  it('says so when its file is no clock', () => {
    open().close();
    writeFileSync(join(directory, 'clock.json'), '{');
    expect(() => open()).toThrow('cannot be read');
    expect(readFileSync(join(directory, 'clock.json'), 'utf8')).toBe('{');
  });
});

describe('the other clocks', () => {
  it('tell the wall’s time, or what they were set to', () => {
    expect(Math.abs(Date.parse(new WallClock().now()) - Date.now())).toBeLessThan(1_000);
    const clock = new ManualClock('2020-05-08T09:00:00+09:00');
    clock.advance(1);
    expect(clock.now()).toBe('2020-05-08T00:00:00.001Z');
  });
});
