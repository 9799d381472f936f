import { describe, expect, it } from '@jest/globals';
import { clear, fold, scenario } from '#libs/kernel';
import { matching, REPLICAS_PER_INFORMATION_MAX, replicaDecider } from './replica.decider.js';
import type { ReplicaEvent } from './replica.events.js';

const key = { information: 'TM00000000000002', dataset: 'income', period: '2020' };
const version = (contentDigest: string, period = '2020') => ({ ...key, period, layout: '2019-06-17', content: clear('{}'), contentDigest });
const registered: ReplicaEvent = { type: 'ReplicaRegistered', data: version('1') };
const scope = { information: 'TM00000000000002', department: 'tax' };
const person = { department: 'tax' };

describe('the replicas of a person', () => {
  const { given } = scenario(replicaDecider);

  it('are registered, and corrected where another content comes', () => {
    given()
      .when({ type: 'RegisterReplica', data: version('1') })
      .then(registered);
    given(registered)
      .when({ type: 'RegisterReplica', data: version('1') })
      .then();
    given(registered)
      .when({ type: 'RegisterReplica', data: version('2') })
      .then({ type: 'ReplicaCorrected', data: version('2') });
  });
  it('are withdrawn once, and may be registered anew', () => {
    const withdrawn: ReplicaEvent = { type: 'ReplicaWithdrawn', data: key };
    given(registered).when({ type: 'WithdrawReplica', data: key }).then(withdrawn);
    given(registered, withdrawn).when({ type: 'WithdrawReplica', data: key }).then();
    given(registered, withdrawn)
      .when({ type: 'RegisterReplica', data: version('1') })
      .then(registered);
  });
  it('are bounded per information', () => {
    const full = Array.from({ length: REPLICAS_PER_INFORMATION_MAX }, (_, index): ReplicaEvent => ({
      type: 'ReplicaRegistered',
      data: version('1', String(2000 + index)),
    }));
    given(...full)
      .when({ type: 'RegisterReplica', data: version('1', '1999') })
      .thenRejects('TOO_MANY_REPLICAS');
  });
  it('are blocked for the person or for one information, each by itself', () => {
    given(registered).when({ type: 'BlockAutomaticAnswer', data: scope }).then({ type: 'AutomaticAnswerBlocked', data: scope });
    given(registered, { type: 'AutomaticAnswerBlocked', data: scope }).when({ type: 'BlockAutomaticAnswer', data: scope }).then();
    given(registered, { type: 'AutomaticAnswerBlocked', data: scope })
      .when({ type: 'BlockAutomaticAnswer', data: person })
      .then({ type: 'AutomaticAnswerBlocked', data: person });
    given(registered, { type: 'AutomaticAnswerBlocked', data: scope })
      .when({ type: 'UnblockAutomaticAnswer', data: scope })
      .then({ type: 'AutomaticAnswerUnblocked', data: scope });
    given(registered).when({ type: 'UnblockAutomaticAnswer', data: scope }).then();
  });
  it('are flagged as non-disclosable apart from blocking', () => {
    given({ type: 'AutomaticAnswerBlocked', data: person }).when({ type: 'SetNonDisclosure', data: person }).then({ type: 'NonDisclosureSet', data: person });
    given({ type: 'NonDisclosureSet', data: person }).when({ type: 'LiftNonDisclosure', data: person }).then({ type: 'NonDisclosureLifted', data: person });
    given().when({ type: 'LiftNonDisclosure', data: person }).then();
  });
  it('answer by information, data set and period, citing the revision in force', () => {
    const replicas = fold(replicaDecider, [
      registered,
      { type: 'ReplicaCorrected', data: version('2') },
      { type: 'ReplicaRegistered', data: version('3', '2019') },
    ]);
    expect(matching(replicas, { information: key.information, period: '2020' })).toEqual([{ key: 'TM00000000000002/income/2020', revision: 1 }]);
    expect(matching(replicas, { information: key.information })).toHaveLength(2);
    expect(matching(replicas, { information: key.information, dataset: 'other' })).toEqual([]);
    expect(matching(replicas, { information: 'TM00000000000001' })).toEqual([]);
  });
});
