import { describe, expect, it } from '@jest/globals';
import { clear, fold, scenario } from '#libs/kernel';
import {
  type IdentifierCommand,
  identifierDecider,
  IDENTIFIER_GENERATION_MAX,
  identifierStanding,
  issuanceAnswer,
  isValid,
  nextGeneration,
} from './identifier.decider.js';
import type { IdentifierEvent } from './identifier.events.js';

const { given } = scenario(identifierDecider);
const holder = '0220101100001700';
const identifierStream = 'identifier-a';
const issue = (acquisition: string, epoch = 1): IdentifierCommand => ({
  type: 'IssueIdentifier',
  data: { holder, epoch, identifier: clear(`e${epoch}g1`), acquisition, identifierStream },
});
const issued: IdentifierEvent = { type: 'IdentifierIssued', data: { holder, epoch: 1, generation: 1, identifier: clear('e1g1'), acquisition: 'q1' } };
const alreadyHeld: IdentifierEvent = { type: 'IdentifierAlreadyHeld', data: { holder, epoch: 1, generation: 1, identifier: clear('e1g1'), acquisition: 'q2' } };
const revoke: IdentifierCommand = { type: 'RevokeIdentifier', data: { reason: 'leaked' } };
const revoked: IdentifierEvent = { type: 'IdentifierRevoked', data: { holder, generation: 1, reason: 'leaked' } };
const reissue = (generation: number): IdentifierCommand => ({
  type: 'ReissueIdentifier',
  data: { epoch: 2, generation, identifier: clear(`e2g${generation}`), reason: 'leaked' },
});
const reissued = (generation: number): IdentifierEvent => ({
  type: 'IdentifierReissued',
  data: { holder, epoch: 2, generation, identifier: clear(`e2g${generation}`), reason: 'leaked' },
});

describe('issuing an identifier', () => {
  it('makes one for a holder and a person', () => given().when(issue('q1')).then(issued));
  it('changes nothing when the same acquisition asks again', () => given(issued).when(issue('q1')).then());
  it('tells the one that is held to another acquisition, also under a newer key epoch', () => {
    given(issued).when(issue('q2')).then(alreadyHeld);
    given(issued).when(issue('q2', 2)).then(alreadyHeld);
  });
  it('records that once an acquisition', () => given(issued, alreadyHeld).when(issue('q2')).then());
  it('tells the reissued one after a reissue', () =>
    given(issued, reissued(2))
      .when(issue('q2'))
      .then({ type: 'IdentifierAlreadyHeld', data: { holder, epoch: 2, generation: 2, identifier: clear('e2g2'), acquisition: 'q2' } }));
  it('passes the sealed identifier on as it is stored', () => {
    const sealed = { key: 'holder/x/y', commitment: 'c', sealed: 's' };
    given({ ...issued, data: { ...issued.data, identifier: sealed } } as IdentifierEvent)
      .when(issue('q2'))
      .then({ ...alreadyHeld, data: { ...alreadyHeld.data, identifier: sealed } } as IdentifierEvent);
  });
  it('is refused, on record and once an acquisition, while it is revoked', () => {
    const refusal: IdentifierEvent = { type: 'IdentifierIssuanceRefused', data: { reason: 'IDENTIFIER_REVOKED', identifierStream, acquisition: 'q2' } };
    given(issued, revoked).when(issue('q2')).then(refusal);
    given(issued, revoked, refusal).when(issue('q2')).then();
  });
  it('for another holder never meets this stream', () =>
    given(issued)
      .when({ ...issue('q2'), data: { ...issue('q2').data, holder: '9900000000000001' } } as IdentifierCommand)
      .thenRejects('IDENTIFIER_OF_ANOTHER_HOLDER'));
});

describe('the answer to an acquisition', () => {
  it('is the recorded one, for ever', () => {
    const history = [issued, alreadyHeld, revoked, reissued(2)];
    expect(issuanceAnswer(history, 'q1')).toBe(issued);
    expect(issuanceAnswer(history, 'q2')).toBe(alreadyHeld);
    expect(issuanceAnswer(history, 'q3')).toBeUndefined();
  });
});

describe('revoking an identifier', () => {
  it('is recorded once', () => {
    given(issued).when(revoke).then(revoked);
    given(issued, revoked).when(revoke).then();
  });
  it('needs one that was issued', () => given().when(revoke).thenRejects('IDENTIFIER_NOT_ISSUED'));
});

describe('reissuing an identifier', () => {
  it('raises the generation, whether the old one was revoked or not', () => {
    given(issued).when(reissue(2)).then(reissued(2));
    given(issued, revoked).when(reissue(2)).then(reissued(2));
    given(issued, reissued(2)).when(reissue(3)).then(reissued(3));
  });
  it('of a generation that was made already changes nothing', () => given(issued, reissued(2)).when(reissue(2)).then());
  it('of another generation than the next is refused', () => {
    given(issued).when(reissue(3)).thenRejects('IDENTIFIER_GENERATION_STALE');
    given(issued, reissued(2), reissued(3)).when(reissue(2)).thenRejects('IDENTIFIER_GENERATION_STALE');
    given(issued, revoked).when(reissue(1)).thenRejects('IDENTIFIER_GENERATION_STALE');
  });
  it('ends with the last generation that an identifier can hold', () =>
    given(issued, reissued(IDENTIFIER_GENERATION_MAX))
      .when(reissue(IDENTIFIER_GENERATION_MAX + 1))
      .thenRejects('IDENTIFIER_GENERATIONS_EXHAUSTED'));
  it('needs one that was issued', () => {
    given().when(reissue(1)).thenRejects('IDENTIFIER_NOT_ISSUED');
    expect(() => nextGeneration(identifierDecider.initialState)).toThrow(expect.objectContaining({ code: 'IDENTIFIER_NOT_ISSUED' }));
  });
});

describe('an identifier that was shown', () => {
  const standing = (history: readonly IdentifierEvent[], epoch: number, generation: number): string =>
    identifierStanding(fold(identifierDecider, history), { epoch, generation });

  it('is valid as long as it is the one issued last and not revoked', () => {
    expect(standing([issued], 1, 1)).toBe('valid');
    expect(standing([issued, alreadyHeld], 1, 1)).toBe('valid');
    expect(standing([issued, revoked, reissued(2)], 2, 2)).toBe('valid');
    expect(isValid(fold(identifierDecider, [issued]), { epoch: 1, generation: 1 })).toBe(true);
    expect(isValid(fold(identifierDecider, [issued, revoked]), { epoch: 1, generation: 1 })).toBe(false);
  });
  it('is not where it was revoked, superseded or never issued', () => {
    expect(standing([], 1, 1)).toBe('never-issued');
    expect(standing([issued], 2, 1)).toBe('never-issued');
    expect(standing([issued], 1, 2)).toBe('never-issued');
    expect(standing([issued, revoked], 1, 1)).toBe('revoked');
    expect(standing([issued, reissued(2)], 1, 1)).toBe('superseded');
    expect(standing([issued, reissued(2)], 1, 2)).toBe('never-issued');
  });
});
