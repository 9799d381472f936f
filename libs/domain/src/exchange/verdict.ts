import type { AgencyClass } from '../agency/agency-class.js';
import type { AgencyStanding } from '../agency/agency-standing.js';
import { type Denial, judge, type Law, type Legality, type LegalityQuestion } from '../permission-matrix/legality.js';
import type { MatrixHistory } from '../permission-matrix/matrix-history.js';
import type { Grant } from '../permission-matrix/permission-matrix.js';
import type { Verdict } from './exchange.decider.js';
import type { Basis } from './exchange.events.js';

/** Objects of the hot path are built field by field: a spread with fields after it costs a hundred times as much. */
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** What a stream has come to, and the revision of its last event. */
export interface StateAt<State> {
  readonly state: State;
  readonly revision: number;
}
/** Agencies as a decision finds them: the register of now, or of a revision long ago. */
export interface AgencyLookUp {
  agency(code: string): StateAt<AgencyStanding> | undefined;
}

/** Who asks whom for what, by codes. */
export interface PartiesQuestion {
  readonly requester: string;
  readonly requesterInstitution?: string;
  readonly provider: string;
  readonly providerInstitution?: string;
  readonly affair: string;
  readonly information: string;
}

/** The parties of a question as the register knows them: holders, and the institutions that they act for. */
export interface Parties {
  readonly requesterHolder: StateAt<AgencyStanding> | undefined;
  readonly requester: StateAt<AgencyStanding> | undefined;
  readonly providerHolder: StateAt<AgencyStanding> | undefined;
  readonly provider: StateAt<AgencyStanding> | undefined;
}

export function partiesOf(register: AgencyLookUp, question: PartiesQuestion): Parties {
  const requesterHolder = register.agency(question.requester);
  const providerHolder = register.agency(question.provider);
  const { requesterInstitution, providerInstitution } = question;
  return {
    requesterHolder,
    requester: requesterInstitution === undefined ? requesterHolder : register.agency(requesterInstitution),
    providerHolder,
    provider: providerInstitution === undefined ? providerHolder : register.agency(providerInstitution),
  };
}

/** What the law says on a legal day. An unregistered holder makes its side no participant, whoever it names as institution. */
export function judgeParties(law: Law, parties: Parties, question: PartiesQuestion, day: string, identifierValid?: boolean): Legality {
  const { requesterHolder, providerHolder } = parties;
  const asked: Writable<LegalityQuestion> = {
    requester: requesterHolder && parties.requester?.state,
    provider: providerHolder && parties.provider?.state,
    affair: question.affair,
    information: question.information,
    day,
  };
  if (requesterHolder !== undefined) asked.requesterHolder = requesterHolder.state;
  if (providerHolder !== undefined) asked.providerHolder = providerHolder.state;
  if (identifierValid !== undefined) asked.identifierValid = identifierValid;
  return judge(law, asked);
}

export const verdictOf = (legality: Legality): Verdict => (legality.permitted ? permit(legality) : denial(legality));

const permit = ({ version, item, grant }: Grant): Verdict => ({ permitted: true, table: version, item, grant });
const denial = ({ code, article, exceptionApplied, version, item }: Denial): Verdict => ({
  permitted: false,
  reason: code,
  article,
  exceptionApplied,
  ...(version === undefined ? {} : { table: version }),
  ...(item === undefined ? {} : { item }),
});

/** Denials that come before the openings of the day are looked at. */
const BEFORE_OPENINGS: ReadonlySet<string> = new Set([
  'NOT_A_PARTICIPANT',
  'ANSWER_ONLY',
  'SAME_AGENCY',
  'NOT_DELEGATED',
  'NO_TABLE_IN_FORCE',
  'AFFAIR_NOT_IN_TABLE',
  'REQUESTER_NOT_IN_ITEM',
  'INFORMATION_NOT_IN_ITEM',
  'PROVIDER_NOT_IN_ITEM',
  'NO_SUCH_INSTITUTION',
]);

const revisionOf = (entry: StateAt<unknown> | undefined): number => entry?.revision ?? -1;

/** The revisions of the register that a judgement rested on; identifiers are added by who looked at them. */
export function basisOf(law: MatrixHistory, parties: Parties, question: PartiesQuestion, legality: Legality): Basis {
  const { version } = legality;
  const basis: Writable<Basis> = { requester: revisionOf(parties.requesterHolder), provider: revisionOf(parties.providerHolder) };
  if (question.requesterInstitution !== undefined) basis.requesterInstitution = revisionOf(parties.requester);
  if (question.providerInstitution !== undefined) basis.providerInstitution = revisionOf(parties.provider);
  if (version !== undefined) basis.matrix = law.matrixRevision(version);
  if (legality.permitted || !BEFORE_OPENINGS.has(legality.code)) basis.openings = openingsOf(law, parties);
  return basis;
}

function openingsOf(law: MatrixHistory, { requester, provider }: Parties): { stream: string; revision: number }[] {
  const opening = (agencyClass: AgencyClass): { stream: string; revision: number } => ({
    stream: `opening-${agencyClass}`,
    revision: law.openingRevision(agencyClass),
  });
  const asking = requester?.state.class;
  const answering = provider?.state.class;
  const openings = asking === undefined ? [] : [opening(asking)];
  if (answering !== undefined && answering !== asking) openings.push(opening(answering));
  return openings;
}
