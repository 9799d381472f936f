import { describe, expect, it } from '@jest/globals';
import { fold, scenario } from '#libs/kernel';
import { agencyDecider, type AgencyCommand } from './agency.decider.js';
import type { AgencyEvent, AgencyRegistration } from './agency.events.js';
import { holderOf, roleOn } from './agency-standing.js';

const { given } = scenario(agencyDecider);

const cityData: AgencyRegistration = {
  code: '0220113112101700',
  name: '世田谷区',
  class: 'municipality',
  institution: true,
  codeHolder: true,
  prefecture: '13',
  localGovernment: '131121',
  welfareOffice: true,
  healthCentre: true,
  placeholder: false,
  official: true,
  role: 'participant',
};
const societyData: AgencyRegistration = {
  code: '9900110000010000',
  name: '健康保険組合 0001',
  class: 'health-insurance-society',
  institution: true,
  codeHolder: false,
  welfareOffice: false,
  healthCentre: false,
  placeholder: true,
  official: false,
  role: 'participant',
};
const registered = (data: AgencyRegistration): AgencyEvent => ({ type: 'AgencyRegistered', data });
const city = registered(cityData);
const society = registered(societyData);
const register = (data: AgencyRegistration): AgencyCommand => ({ type: 'RegisterAgency', data });
const FUND = '9900090000010000';

describe('registering an agency', () => {
  it('enters it', () => given().when(register(cityData)).then(city));
  it('enters the same once', () =>
    given(city)
      .when(register({ ...cityData }))
      .then());
  it('refuses other particulars under the same code', () =>
    given(city)
      .when(register({ ...cityData, name: '大田区' }))
      .thenRejects('AGENCY_ALREADY_REGISTERED'));
  it('refuses a code that is none', () =>
    given()
      .when(register({ ...cityData, code: '1' }))
      .thenRejects('INVALID_INPUT'));
  it('refuses a wrong check digit', () =>
    given()
      .when(register({ ...cityData, localGovernment: '131122' }))
      .thenRejects('CHECK_DIGIT_WRONG'));
  it.each(['00', '48', '1'])('refuses prefecture %s', (prefecture) =>
    given()
      .when(register({ ...cityData, prefecture }))
      .thenRejects('INVALID_INPUT'),
  );
  it.each(['', 'あ'.repeat(121)])('refuses an empty or endless name', (name) =>
    given()
      .when(register({ ...cityData, name }))
      .thenRejects('INVALID_INPUT'),
  );
});

describe('what may happen to a registered agency only', () => {
  const commands: readonly AgencyCommand[] = [
    { type: 'HostAgency', data: { intermediateServer: 'is-east', interfaceSystem: 'ifs-local' } },
    { type: 'DelegateAgency', data: { to: FUND } },
    { type: 'RotateAgencyKey', data: { keyId: 'k1', publicKey: 'p1' } },
    { type: 'PublishAssessment', data: { affairs: ['JM99000000000001'] } },
    { type: 'WithdrawAssessment', data: { affairs: ['JM99000000000001'] } },
    { type: 'SuspendAgency', data: { reason: 'incident' } },
    { type: 'ReinstateAgency', data: { reason: 'mended' } },
    { type: 'ChangeParticipation', data: { role: 'participant', from: '2026-06-26' } },
  ];
  it.each(commands.map((command) => [command.type, command] as const))('%s is refused for an unknown one', (_type, command) =>
    given().when(command).thenRejects('AGENCY_NOT_FOUND'),
  );
});

describe('who speaks for it', () => {
  const hosted: AgencyEvent = { type: 'AgencyHosted', data: { intermediateServer: 'is-east', interfaceSystem: 'ifs-local' } };
  const host = (intermediateServer: string): AgencyCommand => ({ type: 'HostAgency', data: { intermediateServer, interfaceSystem: 'ifs-local' } });
  it('is recorded', () => given(city).when(host('is-east')).then(hosted));
  it('is recorded once', () => given(city, hosted).when(host('is-east')).then());
  it('may change', () =>
    given(city, hosted)
      .when(host('is-west'))
      .then({ type: 'AgencyHosted', data: { intermediateServer: 'is-west', interfaceSystem: 'ifs-local' } }));
  it('must be a server’s name', () => given(city).when(host('East')).thenRejects('INVALID_INPUT'));
});

describe('who acts for it', () => {
  const delegated: AgencyEvent = { type: 'AgencyDelegated', data: { to: FUND } };
  const delegate = (to: string): AgencyCommand => ({ type: 'DelegateAgency', data: { to } });
  it('is recorded', () => given(society).when(delegate(FUND)).then(delegated));
  it('is recorded once', () => given(society, delegated).when(delegate(FUND)).then());
  it('is not the agency itself', () => given(society).when(delegate(societyData.code)).thenRejects('INVALID_INPUT'));
  it('is nobody else where it holds identifiers', () => given(city).when(delegate(FUND)).thenRejects('CODE_HOLDER_CANNOT_DELEGATE'));
  it('decides whose identifiers it uses', () => {
    const standing = fold(agencyDecider, [society, delegated]);
    expect(standing.status === 'registered' && holderOf(standing)).toBe(FUND);
    const own = fold(agencyDecider, [city]);
    expect(own.status === 'registered' && holderOf(own)).toBe(cityData.code);
  });
});

describe('its key', () => {
  const rotated = (keyId: string, publicKey: string): AgencyEvent => ({ type: 'AgencyKeyRotated', data: { keyId, publicKey } });
  const rotate = (keyId: string, publicKey: string): AgencyCommand => ({ type: 'RotateAgencyKey', data: { keyId, publicKey } });
  it('is recorded', () => given(city).when(rotate('k1', 'p1')).then(rotated('k1', 'p1')));
  it('is recorded once', () => given(city, rotated('k1', 'p1')).when(rotate('k1', 'p1')).then());
  it('is replaced', () => given(city, rotated('k1', 'p1')).when(rotate('k2', 'p2')).then(rotated('k2', 'p2')));
  it('does not come back', () => given(city, rotated('k1', 'p1'), rotated('k2', 'p2')).when(rotate('k1', 'p1')).thenRejects('KEY_RETIRED'));
  it('does not share its id with another', () => given(city, rotated('k1', 'p1')).when(rotate('k1', 'p2')).thenRejects('KEY_ID_REUSED'));
  it('is not empty', () => given(city).when(rotate('k1', '')).thenRejects('INVALID_INPUT'));
  it('stays known after it was replaced', () => {
    const standing = fold(agencyDecider, [city, rotated('k1', 'p1'), rotated('k2', 'p2')]);
    expect(standing).toMatchObject({
      keyId: 'k2',
      keys: new Map([
        ['k1', 'p1'],
        ['k2', 'p2'],
      ]),
    });
  });
});

describe('its assessments', () => {
  const [a, b] = ['JM99000000000001', 'JM99000000000002'] as const;
  const published = (...affairs: string[]): AgencyEvent => ({ type: 'AssessmentPublished', data: { affairs } });
  const withdrawn = (...affairs: string[]): AgencyEvent => ({ type: 'AssessmentWithdrawn', data: { affairs } });
  const publish = (...affairs: string[]): AgencyCommand => ({ type: 'PublishAssessment', data: { affairs } });
  const withdraw = (...affairs: string[]): AgencyCommand => ({ type: 'WithdrawAssessment', data: { affairs } });
  it('are published per affair', () => given(city).when(publish(a, b)).then(published(a, b)));
  it('are published once', () =>
    given(city, published(a))
      .when(publish(a, b, b))
      .then(published(b)));
  it('are not published again', () => given(city, published(a)).when(publish(a)).then());
  it('are withdrawn per affair', () => given(city, published(a, b)).when(withdraw(a)).then(withdrawn(a)));
  it('are not withdrawn where none stands', () => given(city, published(a), withdrawn(a)).when(withdraw(a)).then());
  it('may be published again', () => given(city, published(a), withdrawn(a)).when(publish(a)).then(published(a)));
  it('name affairs', () => given(city).when(publish('TM00000000000001')).thenRejects('INVALID_INPUT'));
  it('name at least one', () => given(city).when(publish()).thenRejects('INVALID_INPUT'));
});

describe('its standing', () => {
  const suspended: AgencyEvent = { type: 'AgencySuspended', data: { reason: 'incident' } };
  const reinstated: AgencyEvent = { type: 'AgencyReinstated', data: { reason: 'mended' } };
  it('is suspended', () =>
    given(city)
      .when({ type: 'SuspendAgency', data: { reason: 'incident' } })
      .then(suspended));
  it('is suspended once', () =>
    given(city, suspended)
      .when({ type: 'SuspendAgency', data: { reason: 'again' } })
      .then());
  it('needs a reason', () =>
    given(city)
      .when({ type: 'SuspendAgency', data: { reason: '' } })
      .thenRejects('INVALID_INPUT'));
  it('is restored', () =>
    given(city, suspended)
      .when({ type: 'ReinstateAgency', data: { reason: 'mended' } })
      .then(reinstated));
  it('is restored only where it was suspended', () =>
    given(city)
      .when({ type: 'ReinstateAgency', data: { reason: 'mended' } })
      .then());
  it('may be suspended again', () =>
    given(city, suspended, reinstated)
      .when({ type: 'SuspendAgency', data: { reason: 'incident' } })
      .then(suspended));
});

describe('its participation', () => {
  const taxData: AgencyRegistration = {
    ...societyData,
    code: '9900910000010000',
    name: '国税庁',
    class: 'national-tax-agency',
    institution: false,
    placeholder: false,
    role: 'non-participant',
  };
  const tax = registered(taxData);
  const joins: AgencyEvent = { type: 'AgencyParticipationChanged', data: { role: 'participant', from: '2026-06-26' } };
  it('changes from a day on', () =>
    given(tax)
      .when({ type: 'ChangeParticipation', data: { role: 'participant', from: '2026-06-26' } })
      .then(joins));
  it('changes once', () =>
    given(tax, joins)
      .when({ type: 'ChangeParticipation', data: { role: 'participant', from: '2026-07-01' } })
      .then());
  it('changes in order', () =>
    given(tax, joins)
      .when({ type: 'ChangeParticipation', data: { role: 'answer-only', from: '2026-01-01' } })
      .thenRejects('PARTICIPATION_OUT_OF_ORDER'));
  it('changes on a day of the calendar', () =>
    given(tax)
      .when({ type: 'ChangeParticipation', data: { role: 'participant', from: '2026-02-30' } })
      .thenRejects('INVALID_INPUT'));
  it('is that of the day', () => {
    const standing = fold(agencyDecider, [tax, joins]);
    if (standing.status === 'none') throw new Error('not registered');
    expect(['2020-05-08', '2026-06-25', '2026-06-26', '2030-01-01'].map((day) => roleOn(standing, day))).toEqual([
      'non-participant',
      'non-participant',
      'participant',
      'participant',
    ]);
  });
});
