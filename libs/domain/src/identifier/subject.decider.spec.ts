import { describe, expect, it } from '@jest/globals';
import { clear, fold, scenario } from '#libs/kernel';
import { type SubjectCommand, subjectDecider } from './subject.decider.js';
import type { SubjectEvent } from './subject.events.js';

const { given } = scenario(subjectDecider);
const subject = clear('0000123456');
const BEFORE = '2020-05-08T00:00:00.000Z';
const EXPIRES = '2020-05-09T00:00:00.000Z';
const request = (acquisition: string, now = BEFORE): SubjectCommand => ({
  type: 'RequestAcquisition',
  data: { subject, acquisitionNumber: clear(acquisition), acquisition, expiresAt: EXPIRES, now },
});
const requested = (acquisition: string): SubjectEvent => ({
  type: 'AcquisitionRequested',
  data: { subject, acquisitionNumber: clear(acquisition), acquisition, expiresAt: EXPIRES },
});
const record = (acquisition: string): SubjectCommand => ({ type: 'RecordIdentifier', data: { subject, identifier: clear('i1'), acquisition } });
const obtained: SubjectEvent = { type: 'IdentifierObtained', data: { subject, identifier: clear('i1'), acquisition: 'q1' } };
const change = (identifier: string, kind: 'REISSUED' | 'REVOKED', changedAt: string): SubjectCommand => ({
  type: 'ChangeIdentifier',
  data: { subject, identifier: clear(identifier), change: kind, changedAt },
});
const changed = (identifier: string, kind: 'REISSUED' | 'REVOKED', changedAt: string): SubjectEvent => ({
  type: 'SubjectIdentifierChanged',
  data: { subject, identifier: clear(identifier), change: kind, changedAt },
});
const destroy: SubjectCommand = { type: 'DestroySubjectKey', data: { key: 'subject/a/b', reason: 'retention' } };
const destroyed: SubjectEvent = { type: 'SubjectKeyDestroyed', data: { key: 'subject/a/b', reason: 'retention' } };

describe("an agency's person", () => {
  it('has an acquisition asked for', () => given().when(request('q1')).then(requested('q1')));
  it('has one pending at a time', () => given(requested('q1')).when(request('q2')).then());
  it('has another asked for once the pending one expired', () => given(requested('q1')).when(request('q2', EXPIRES)).then(requested('q2')));
  it('has none asked for once there is an identifier', () => given(requested('q1'), obtained).when(request('q2', EXPIRES)).then());

  it('gets the identifier that was asked for', () => given(requested('q1')).when(record('q1')).then(obtained));
  it('gets it by any acquisition that was asked for, also an earlier one that comes late', () =>
    given(requested('q1'), requested('q2')).when(record('q1')).then(obtained));
  it('gets it once', () => {
    given(requested('q1'), obtained).when(record('q1')).then();
    given(requested('q1'), requested('q2'), obtained).when(record('q2')).then();
  });
  it('gets none that was not asked for', () => {
    given().when(record('q1')).thenRejects('ACQUISITION_NOT_REQUESTED');
    given(requested('q1')).when(record('q9')).thenRejects('ACQUISITION_NOT_REQUESTED');
    given(requested('q1'), obtained).when(record('q9')).thenRejects('ACQUISITION_NOT_REQUESTED');
  });

  it('takes in what the core changed, once', () => {
    given(requested('q1'), obtained)
      .when(change('i2', 'REISSUED', '2020-06-02T00:00:00.000Z'))
      .then(changed('i2', 'REISSUED', '2020-06-02T00:00:00.000Z'));
    given(requested('q1'), obtained, changed('i2', 'REISSUED', '2020-06-02T00:00:00.000Z'))
      .when(change('i2', 'REISSUED', '2020-06-02T00:00:00.000Z'))
      .then();
    given(requested('q1'), obtained, changed('i2', 'REISSUED', '2020-06-02T00:00:00.000Z'))
      .when(change('i3', 'REISSUED', '2020-06-03T00:00:00.000Z'))
      .then(changed('i3', 'REISSUED', '2020-06-03T00:00:00.000Z'));
  });
  it('has no identifier to change before one was obtained', () => {
    given()
      .when(change('i2', 'REISSUED', '2020-06-02T00:00:00.000Z'))
      .thenRejects('SUBJECT_HAS_NO_IDENTIFIER');
    given(requested('q1'))
      .when(change('i2', 'REISSUED', '2020-06-02T00:00:00.000Z'))
      .thenRejects('SUBJECT_HAS_NO_IDENTIFIER');
  });
  it('whose identifier was revoked waits for the core to reissue it', () => {
    const history = [requested('q1'), obtained, changed('i1', 'REVOKED', '2020-06-02T00:00:00.000Z')];
    given(...history)
      .when(request('q2', EXPIRES))
      .thenRejects('IDENTIFIER_REVOKED');
    given(...history)
      .when(change('i2', 'REISSUED', '2020-06-03T00:00:00.000Z'))
      .then(changed('i2', 'REISSUED', '2020-06-03T00:00:00.000Z'));
  });

  it('is erased once, and nothing is recorded of it any more', () => {
    given(requested('q1'), obtained).when(destroy).then(destroyed);
    given().when(destroy).then(destroyed);
    given(requested('q1'), obtained, destroyed).when(destroy).then();
    for (const command of [request('q2'), record('q1'), change('i2', 'REISSUED', '2020-06-02T00:00:00.000Z')]) {
      given(requested('q1'), obtained, destroyed).when(command).thenRejects('SUBJECT_KEY_DESTROYED');
    }
  });

  it('has a state that tells whether the identifier is there or pending', () => {
    const statusAfter = (...history: readonly SubjectEvent[]): string => fold(subjectDecider, history).status;
    expect(statusAfter()).toBe('unknown');
    expect(statusAfter(requested('q1'))).toBe('pending');
    expect(statusAfter(requested('q1'), obtained)).toBe('identified');
    expect(statusAfter(requested('q1'), obtained, changed('i1', 'REVOKED', '2020-06-02T00:00:00.000Z'))).toBe('revoked');
    expect(
      statusAfter(requested('q1'), obtained, changed('i1', 'REVOKED', '2020-06-02T00:00:00.000Z'), changed('i2', 'REISSUED', '2020-06-03T00:00:00.000Z')),
    ).toBe('identified');
    expect(statusAfter(requested('q1'), obtained, destroyed)).toBe('destroyed');
  });
});
