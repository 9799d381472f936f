import { describe, it } from '@jest/globals';
import { scenario } from '#libs/kernel';
import type { LogEvent } from './log.events.js';
import { type ConfigureWitness, witnessDecider } from './witness.decider.js';

const { given } = scenario(witnessDecider);
const SERVER = 'is-east';
const FIRST = 'renkei.example/is-east/1';
const SECOND = 'renkei.example/is-east/2';
const configure = (key: string, by: { origin?: string; byOperator?: true; vouchedFor?: true } = {}): ConfigureWitness => ({
  type: 'ConfigureWitness',
  data: { server: SERVER, origin: by.origin ?? FIRST, key, byOperator: by.byOperator ?? false, vouchedFor: by.vouchedFor ?? false },
});
const configured = (key: string, origin = FIRST): LogEvent => ({ type: 'WitnessConfigured', data: { server: SERVER, origin, key } });

describe('a log that the core cosigns', () => {
  it('has its first key taken as it comes', () => given().when(configure('a')).then(configured('a')));
  it('has a key that is known taken as known', () => given(configured('a')).when(configure('a')).then());
  it('may bring another key that the one before it vouches for', () =>
    given(configured('a'))
      .when(configure('b', { vouchedFor: true }))
      .then(configured('b')));
  it('keeps both keys then', () => given(configured('a'), configured('b')).when(configure('a')).then());
  it('may bring no key that nobody vouches for', () => given(configured('a')).when(configure('b')).thenRejects('LEDGER_KEY_UNKNOWN'));
  it('may get one from an operator', () =>
    given(configured('a'))
      .when(configure('b', { byOperator: true }))
      .then(configured('b')));
  it('may open no other epoch by itself, whoever vouches for it', () =>
    given(configured('a'))
      .when(configure('b', { origin: SECOND, vouchedFor: true }))
      .thenRejects('LEDGER_EPOCH_UNKNOWN'));
  it('goes on in the epoch that an operator accepted', () =>
    given(configured('a'))
      .when(configure('b', { origin: SECOND, byOperator: true }))
      .then(configured('b', SECOND)));
  it('is held to the new epoch from then on', () => given(configured('a'), configured('b', SECOND)).when(configure('a')).thenRejects('LEDGER_EPOCH_UNKNOWN'));
});
