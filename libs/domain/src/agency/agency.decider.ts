import { assertNever, type Decider, DomainError, invalid, isCalendarDay, type Message } from '#libs/kernel';
import { parseAffairCode, parseAgencyCode, parseLocalGovernmentCode, parseServerId } from '../codes/codes.js';
import type { AgencyRole } from './agency-class.js';
import type { AgencyEvent, AgencyRegistration } from './agency.events.js';
import { type AgencyStanding, standingOf } from './agency-standing.js';
import { isNewKey } from './key-rotation.js';

export const AGENCY_NAME_CHARACTERS_MAX = 120;
export const REASON_CHARACTERS_MAX = 400;
/** Affairs in one AssessmentPublished; an agency runs fewer than the table has. */
export const ASSESSMENT_AFFAIRS_MAX = 1_000;

export type AgencyCommand =
  | Message<'RegisterAgency', AgencyRegistration>
  | Message<'HostAgency', { readonly intermediateServer: string; readonly interfaceSystem: string }>
  | Message<'DelegateAgency', { readonly to: string }>
  | Message<'RotateAgencyKey', { readonly keyId: string; readonly publicKey: string }>
  | Message<'PublishAssessment', { readonly affairs: readonly string[] }>
  | Message<'WithdrawAssessment', { readonly affairs: readonly string[] }>
  | Message<'SuspendAgency', { readonly reason: string }>
  | Message<'ReinstateAgency', { readonly reason: string }>
  | Message<'ChangeParticipation', { readonly role: AgencyRole; readonly from: string }>;

export type Agency = { readonly status: 'none' } | AgencyStanding;

const refuse = (code: string, message: string): DomainError => new DomainError(code, 'conflict', message);

function checkRegistration(data: AgencyRegistration): void {
  parseAgencyCode(data.code, 'code');
  if (data.name.length === 0 || data.name.length > AGENCY_NAME_CHARACTERS_MAX) {
    throw invalid('name', `1 to ${AGENCY_NAME_CHARACTERS_MAX} characters`, 'the name is empty or too long');
  }
  if (data.localGovernment !== undefined) parseLocalGovernmentCode(data.localGovernment);
  if (data.prefecture !== undefined && !/^(?:0[1-9]|[1-3]\d|4[0-7])$/.test(data.prefecture)) {
    throw invalid('prefecture', '01 to 47', 'not the number of a prefecture');
  }
}

const sameRegistration = (a: AgencyRegistration, b: AgencyRegistration): boolean =>
  a.code === b.code &&
  a.name === b.name &&
  a.class === b.class &&
  a.institution === b.institution &&
  a.codeHolder === b.codeHolder &&
  a.prefecture === b.prefecture &&
  a.localGovernment === b.localGovernment &&
  a.welfareOffice === b.welfareOffice &&
  a.healthCentre === b.healthCentre &&
  a.placeholder === b.placeholder &&
  a.official === b.official &&
  a.role === b.role;

function checkReason(reason: string): void {
  if (reason.length === 0 || reason.length > REASON_CHARACTERS_MAX) throw invalid('reason', `1 to ${REASON_CHARACTERS_MAX} characters`, 'a reason is needed');
}

/** The affairs that change something, each once, in the order given. */
function changed(affairs: readonly string[], relevant: (affair: string) => boolean): readonly string[] {
  if (affairs.length === 0 || affairs.length > ASSESSMENT_AFFAIRS_MAX) {
    throw invalid('affairs', `1 to ${ASSESSMENT_AFFAIRS_MAX} affairs`, 'no affairs, or too many');
  }
  return [...new Set(affairs.map((affair) => parseAffairCode(affair, 'affairs')))].filter(relevant);
}

function host(agency: AgencyStanding, server: string, system: string): readonly AgencyEvent[] {
  const intermediateServer = parseServerId(server, 'intermediateServer');
  const interfaceSystem = parseServerId(system, 'interfaceSystem');
  if (agency.intermediateServer === intermediateServer && agency.interfaceSystem === interfaceSystem) return [];
  return [{ type: 'AgencyHosted', data: { intermediateServer, interfaceSystem } }];
}

function delegate(agency: AgencyStanding, holder: string): readonly AgencyEvent[] {
  const to = parseAgencyCode(holder, 'to');
  if (to === agency.code) throw invalid('to', 'another agency', 'an agency does not act for itself by delegation');
  if (agency.codeHolder) throw refuse('CODE_HOLDER_CANNOT_DELEGATE', 'a holder of identifiers acts for itself');
  return agency.delegatedTo === to ? [] : [{ type: 'AgencyDelegated', data: { to } }];
}

function changeParticipation(agency: AgencyStanding, role: AgencyRole, from: string): readonly AgencyEvent[] {
  if (!isCalendarDay(from)) throw invalid('from', 'a day of the calendar', 'not a day');
  const last = agency.participation.at(-1);
  if (last?.role === role) return [];
  if (last !== undefined && last.from >= from) throw refuse('PARTICIPATION_OUT_OF_ORDER', 'a change from that day or a later one was recorded already');
  return [{ type: 'AgencyParticipationChanged', data: { role, from } }];
}

function decideRegistered(command: Exclude<AgencyCommand, { type: 'RegisterAgency' }>, agency: AgencyStanding): readonly AgencyEvent[] {
  switch (command.type) {
    case 'HostAgency':
      return host(agency, command.data.intermediateServer, command.data.interfaceSystem);
    case 'DelegateAgency':
      return delegate(agency, command.data.to);
    case 'RotateAgencyKey': {
      const { keyId, publicKey } = command.data;
      return isNewKey(agency.keys, agency.keyId, keyId, publicKey) ? [{ type: 'AgencyKeyRotated', data: { keyId, publicKey } }] : [];
    }
    case 'PublishAssessment': {
      const affairs = changed(command.data.affairs, (affair) => !agency.assessed.has(affair));
      return affairs.length === 0 ? [] : [{ type: 'AssessmentPublished', data: { affairs } }];
    }
    case 'WithdrawAssessment': {
      const affairs = changed(command.data.affairs, (affair) => agency.assessed.has(affair));
      return affairs.length === 0 ? [] : [{ type: 'AssessmentWithdrawn', data: { affairs } }];
    }
    case 'SuspendAgency':
      checkReason(command.data.reason);
      return agency.suspended ? [] : [{ type: 'AgencySuspended', data: { reason: command.data.reason } }];
    case 'ReinstateAgency':
      checkReason(command.data.reason);
      return agency.suspended ? [{ type: 'AgencyReinstated', data: { reason: command.data.reason } }] : [];
    case 'ChangeParticipation':
      return changeParticipation(agency, command.data.role, command.data.from);
    default:
      return assertNever(command);
  }
}

function decide(command: AgencyCommand, agency: Agency): readonly AgencyEvent[] {
  if (command.type === 'RegisterAgency') {
    checkRegistration(command.data);
    if (agency.status === 'none') return [{ type: 'AgencyRegistered', data: command.data }];
    if (sameRegistration(agency.registration, command.data)) return [];
    throw refuse('AGENCY_ALREADY_REGISTERED', 'this code is registered with other particulars');
  }
  if (agency.status === 'none') throw new DomainError('AGENCY_NOT_FOUND', 'not-found', 'no agency is registered under this code');
  return decideRegistered(command, agency);
}

function without(assessed: ReadonlySet<string>, affairs: readonly string[]): ReadonlySet<string> {
  const left = new Set(assessed);
  for (const affair of affairs) left.delete(affair);
  return left;
}

function evolve(agency: Agency, event: AgencyEvent): Agency {
  if (event.type === 'AgencyRegistered') return standingOf(event.data);
  if (agency.status === 'none') return agency;
  switch (event.type) {
    case 'AgencyHosted':
      return { ...agency, intermediateServer: event.data.intermediateServer, interfaceSystem: event.data.interfaceSystem };
    case 'AgencyDelegated':
      return { ...agency, delegatedTo: event.data.to };
    case 'AgencyKeyRotated':
      return { ...agency, keyId: event.data.keyId, keys: new Map(agency.keys).set(event.data.keyId, event.data.publicKey) };
    case 'AssessmentPublished':
      return { ...agency, assessed: new Set([...agency.assessed, ...event.data.affairs]) };
    case 'AssessmentWithdrawn':
      return { ...agency, assessed: without(agency.assessed, event.data.affairs) };
    case 'AgencySuspended':
      return { ...agency, suspended: true };
    case 'AgencyReinstated':
      return { ...agency, suspended: false };
    case 'AgencyParticipationChanged':
      return { ...agency, participation: [...agency.participation, event.data] };
    default:
      return assertNever(event);
  }
}

/** Stream `agency-<code>`. */
export const agencyDecider: Decider<Agency, AgencyCommand, AgencyEvent> = { decide, evolve, initialState: { status: 'none' } };
