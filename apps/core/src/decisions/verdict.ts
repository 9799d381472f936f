import {
  type AgencyClass,
  type AgencyStanding,
  type Basis,
  type Denial,
  type Grant,
  judge,
  type Legality,
  type LegalityQuestion,
  type MatrixHistory,
  type Verdict,
} from '#libs/domain';
import type { Entry, Register } from '../register/register.js';
import { openingStream } from '../register/register.js';

/** Objects of the hot path are built field by field: a spread with fields after it costs a hundred times as much. */
export type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Who asks whom for what, by codes. */
export interface Question {
  readonly requester: string;
  readonly requesterInstitution?: string;
  readonly provider: string;
  readonly providerInstitution?: string;
  readonly affair: string;
  readonly information: string;
}

/** The parties of a question as the register knows them: holders, and the institutions that they act for. */
export interface Parties {
  readonly requesterHolder: Entry<AgencyStanding> | undefined;
  readonly requester: Entry<AgencyStanding> | undefined;
  readonly providerHolder: Entry<AgencyStanding> | undefined;
  readonly provider: Entry<AgencyStanding> | undefined;
}

export function partiesOf(register: Register, question: Question): Parties {
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
export function judgeParties(law: MatrixHistory, parties: Parties, question: Question, day: string, identifierValid?: boolean): Legality {
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

const revisionOf = (entry: Entry<unknown> | undefined): number => entry?.revision ?? -1;

/** The revisions of the register that a judgement rested on; identifiers are added by who looked at them. */
export function basisOf(law: MatrixHistory, parties: Parties, question: Question, legality: Legality): Basis {
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
    stream: openingStream(agencyClass),
    revision: law.openingRevision(agencyClass),
  });
  const asking = requester?.state.class;
  const answering = provider?.state.class;
  const openings = asking === undefined ? [] : [opening(asking)];
  if (answering !== undefined && answering !== asking) openings.push(opening(answering));
  return openings;
}
