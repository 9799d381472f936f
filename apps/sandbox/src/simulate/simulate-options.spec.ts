import { describe, expect, it } from '@jest/globals';
import { readSimulateOptions } from './simulate-options.js';

const refused = (...args: readonly string[]): unknown => {
  try {
    return readSimulateOptions(args, {});
  } catch (error) {
    const { code, option } = error as { readonly code?: string; readonly option?: string };
    return { code, option };
  }
};

describe('the options of a simulation', () => {
  it('are the whole span of the source and a thousand exchanges where nothing is said', () => {
    expect(readSimulateOptions([], {})).toMatchObject({ exchanges: 1_000, seed: '1', from: '2017-07-18', to: '2020-05-07', fast: false, data: undefined });
  });

  it.each([
    ['--exchanges', ['--exchanges', '0']],
    ['--exchanges', ['--exchanges', '100000001']],
    ['--exchanges', ['--exchanges', 'many']],
    ['--seed', ['--seed', 'abc']],
    ['--seed', ['--seed', '1234567890123456789']],
    ['--seed', ['--seed', '']],
    ['--from', ['--from', '2017-07-17']],
    ['--from', ['--from', '2019-02-30']],
    ['--to', ['--to', '2020-05-08']],
    ['--to', ['--from', '2020-01-02', '--to', '2020-01-01']],
    ['--data', ['--data', '']],
    ['--lang', ['--lang', 'de']],
    ['', ['--unknown']],
  ])('refuse a wrong %s: %j', (option, args) => {
    expect(refused(...args)).toEqual({ code: 'USAGE', option });
  });

  it('are refused in the language that was asked for', () => {
    expect(() => readSimulateOptions(['--seed', 'x', '--lang', 'ja'], {})).toThrow('--seed は18桁以内の数です');
  });
});
