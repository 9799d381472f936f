import { describe, expect, it } from '@jest/globals';
import { DomainError } from '#libs/kernel';
import { failureOf, SettingsError, UsageError } from './failures.js';

const refusal = (kind: ConstructorParameters<typeof DomainError>[1], code = 'CODE'): DomainError => new DomainError(code, kind, 'told');

describe('how the program ends', () => {
  it.each<[string, unknown, number]>([
    ['a wrong option', new UsageError('--on', 'a day', 'told'), 2],
    ['missing settings', new SettingsError(['told']), 78],
    ['an exposed key', refusal('unavailable', 'SECRET_FILE_EXPOSED'), 78],
    ['a server that is down', refusal('unavailable'), 69],
    ['a server that is busy', refusal('busy'), 69],
    ['a token that does not hold', refusal('unauthenticated'), 77],
    ['another agency’s exchange', refusal('forbidden'), 77],
    ['what there is not', refusal('not-found'), 1],
    ['what a rule refuses', refusal('unprocessable'), 1],
    ['a fault of the server', refusal('internal'), 70],
    ['a missing file', Object.assign(new Error('ENOENT: open /x'), { code: 'ENOENT', path: '/x' }), 2],
    ['a full disk', Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), 74],
    ['a fault of its own', new TypeError('x is not a function'), 70],
    ['what is no error', 'thrown', 70],
  ])('with %s', (_what, error, exit) => {
    expect(failureOf(error, 'en').exit).toBe(exit);
  });

  it('is told in the language that was asked for, without a stack', () => {
    const missing = Object.assign(new Error('ENOENT: open'), { code: 'ENOENT', path: '一覧.csv' });
    expect(failureOf(missing, 'ja')).toEqual({ exit: 2, code: 'ENOENT', message: '一覧.csv: ファイル又はディレクトリがありません' });
    expect(failureOf(missing, 'en').message).toBe('一覧.csv: no such file or directory');
    expect(failureOf(new TypeError('x'), 'en').message).toBe('x');
  });
});
