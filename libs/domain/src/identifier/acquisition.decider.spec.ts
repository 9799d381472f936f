import { describe, expect, it } from '@jest/globals';
import { clear, fold, scenario } from '#libs/kernel';
import { type AcquisitionCommand, acquisitionAnswer, acquisitionDecider, REFUSED_PERSONS_MAX } from './acquisition.decider.js';
import type { AcquisitionEvent, IssuanceRefusal } from './identifier.events.js';

const { given } = scenario(acquisitionDecider);
const holder = '0220101100001700';
const BEFORE = '2020-05-08T00:00:00.000Z';
const EXPIRES = '2020-05-09T00:00:00.000Z';
const issue: AcquisitionCommand = {
  type: 'IssueAcquisitionNumber',
  data: { holder, reference: 'r', acquisitionNumber: clear('a'), expiresAt: EXPIRES, now: BEFORE },
};
const issued: AcquisitionEvent = { type: 'AcquisitionNumberIssued', data: { holder, reference: 'r', acquisitionNumber: clear('a'), expiresAt: EXPIRES } };
const use = (identifierStream: string, now = BEFORE): AcquisitionCommand => ({
  type: 'UseAcquisitionNumber',
  data: { identifierStream, acquisition: 'q', now },
});
const used = (identifierStream: string): AcquisitionEvent => ({ type: 'AcquisitionNumberUsed', data: { identifierStream } });
const refused = (identifierStream: string, reason: IssuanceRefusal): AcquisitionEvent => ({
  type: 'IdentifierIssuanceRefused',
  data: { reason, identifierStream, acquisition: 'q' },
});

describe('an acquisition number', () => {
  it('is issued to one code holder, until it expires', () => given().when(issue).then(issued));
  it('is issued once when its holder asks again under the same reference', () => given(issued).when(issue).then());
  it('is not issued to another holder, or for another reference', () => {
    for (const other of [{ holder: '9900000000000001' }, { reference: 's' }]) {
      given(issued)
        .when({ ...issue, data: { ...issue.data, ...other } } as AcquisitionCommand)
        .thenRejects('ACQUISITION_NUMBER_TAKEN');
    }
  });
  it('is not issued already expired', () =>
    given()
      .when({ ...issue, data: { ...issue.data, expiresAt: BEFORE } } as AcquisitionCommand)
      .thenRejects('ACQUISITION_EXPIRY_PAST'));

  it('is used for a person, once', () => given(issued).when(use('identifier-a')).then(used('identifier-a')));
  it('is used until a millisecond before it expires', () => given(issued).when(use('identifier-a', '2020-05-08T23:59:59.999Z')).then(used('identifier-a')));
  it('changes nothing when it is used again for the same person, also after it expired', () => {
    given(issued, used('identifier-a')).when(use('identifier-a')).then();
    given(issued, used('identifier-a')).when(use('identifier-a', '2021-01-01T00:00:00.000Z')).then();
  });
  it('is refused for another person, which is recorded once', () => {
    given(issued, used('identifier-a')).when(use('identifier-b')).then(refused('identifier-b', 'ACQUISITION_NUMBER_USED'));
    given(issued, used('identifier-a'), refused('identifier-b', 'ACQUISITION_NUMBER_USED')).when(use('identifier-b')).then();
  });
  it('still answers its own person after another was refused', () =>
    given(issued, used('identifier-a'), refused('identifier-b', 'ACQUISITION_NUMBER_USED')).when(use('identifier-a')).then());
  it('is refused from its expiry on, which is recorded once', () => {
    given(issued).when(use('identifier-a', EXPIRES)).then(refused('identifier-a', 'ACQUISITION_NUMBER_EXPIRED'));
    given(issued, refused('identifier-a', 'ACQUISITION_NUMBER_EXPIRED')).when(use('identifier-a', EXPIRES)).then();
  });
  it('is unknown where none was issued', () => given().when(use('identifier-a')).thenRejects('ACQUISITION_NUMBER_UNKNOWN'));
  it('is not tried with any number of persons', () =>
    given(issued, used('identifier-a'), ...Array.from({ length: REFUSED_PERSONS_MAX }, (_, n) => refused(`identifier-${n}`, 'ACQUISITION_NUMBER_USED')))
      .when(use('identifier-b'))
      .thenRejects('ACQUISITION_NUMBER_TRIED_TOO_OFTEN'));
});

describe('the answer to the use of an acquisition number', () => {
  const state = fold(acquisitionDecider, [issued, used('identifier-a'), refused('identifier-b', 'ACQUISITION_NUMBER_USED')]);

  it('is to go on for its person, and the recorded reason for another', () => {
    expect(acquisitionAnswer(state, 'identifier-a')).toEqual({ proceed: true, holder });
    expect(acquisitionAnswer(state, 'identifier-b')).toEqual({ proceed: false, reason: 'ACQUISITION_NUMBER_USED' });
  });
  it('does not exist before the use was recorded', () => {
    expect(() => acquisitionAnswer(state, 'identifier-c')).toThrow(expect.objectContaining({ code: 'ACQUISITION_NOT_USED' }));
    expect(() => acquisitionAnswer(acquisitionDecider.initialState, 'identifier-a')).toThrow(expect.objectContaining({ code: 'ACQUISITION_NUMBER_UNKNOWN' }));
  });
});
