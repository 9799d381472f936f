import { describe, it } from '@jest/globals';
import { scenario } from '#libs/kernel';
import { logDecider, type LogCommand } from './log.decider.js';
import type { LogEvent } from './log.events.js';

const { given } = scenario(logDecider);
const NAME = 'renkei.example/core';
const PREVIOUS = `${NAME}/1\n12\nroot\n\n— signature\n`;
const keyFor = (origin: string): string => `${origin}+key`;
const open: LogCommand = { type: 'OpenEpoch', data: { log: NAME, keyFor } };
const reopen = (previous = PREVIOUS): LogCommand => ({ type: 'OpenEpoch', data: { log: NAME, keyFor, restored: { previous, entriesLost: 3 } } });
const rotate = (key: string): LogCommand => ({ type: 'RotateLogKey', data: { key } });
const retire = (key: string): LogCommand => ({ type: 'RetireLogKey', data: { key } });

const FIRST_KEY = `${NAME}/1+key`;
const first: LogEvent = { type: 'LogEpochOpened', data: { origin: `${NAME}/1`, epoch: 1, key: FIRST_KEY, cause: 'FIRST' } };
const second: LogEvent = {
  type: 'LogEpochOpened',
  data: { origin: `${NAME}/2`, epoch: 2, key: `${NAME}/2+key`, cause: 'RESTORED', previous: PREVIOUS, entriesLost: 3 },
};
const rotated: LogEvent = { type: 'LogKeyRotated', data: { origin: `${NAME}/1`, key: 'next' } };
const retired: LogEvent = { type: 'LogKeyRetired', data: { origin: `${NAME}/1`, key: FIRST_KEY } };

describe('the epochs of a log', () => {
  it('begin with the first start', () => given().when(open).then(first));
  it('stay as they are at every other start', () => given(first).when(open).then());
  it('are followed by another where the store was restored, which names what was lost', () => given(first).when(reopen()).then(second));
  it('are opened once for one restored store', () => given(first, second).when(reopen()).then());
  it('are opened again for the next one', () =>
    given(first, second)
      .when(reopen('another'))
      .then({ type: 'LogEpochOpened', data: { ...second.data, origin: `${NAME}/3`, epoch: 3, key: `${NAME}/3+key`, previous: 'another' } as never }));
});

describe('the keys of a log', () => {
  it('are two during a rotation', () => given(first).when(rotate('next')).then(rotated));
  it('are rotated to the same key once', () => given(first, rotated).when(rotate('next')).then());
  it('are never three', () => given(first, rotated).when(rotate('third')).thenRejects('LOG_KEY_ROTATING'));
  it('are one again once the old one is retired', () => given(first, rotated).when(retire(FIRST_KEY)).then(retired));
  it('are retired once', () => given(first, rotated, retired).when(retire(FIRST_KEY)).then());
  it('are never none', () => given(first, rotated, retired).when(retire('next')).thenRejects('LOG_KEY_IS_LAST'));
  it('need a log', () => {
    given().when(rotate('next')).thenRejects('LOG_NOT_OPEN');
    given().when(retire('next')).thenRejects('LOG_NOT_OPEN');
  });
  it('are those of the newest epoch', () =>
    given(first, rotated, second)
      .when(rotate('third'))
      .then({ type: 'LogKeyRotated', data: { origin: `${NAME}/2`, key: 'third' } }));
});
