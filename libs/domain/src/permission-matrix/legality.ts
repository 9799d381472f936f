import { type AgencyStanding, roleOn } from '../agency/agency-standing.js';
import { denialArticle, type DenialCode, isStatutoryException } from './denial.js';
import type { Grant, MatrixQuestion, MatrixVerdict, PermissionMatrix } from './permission-matrix.js';

/** A query as the law sees it. Institutions, not holders, stand in the table; a holder acts for one by delegation. */
export interface LegalityQuestion {
  /** Undefined where no such agency is registered. */
  readonly requester: AgencyStanding | undefined;
  readonly provider: AgencyStanding | undefined;
  /** Code holders that act for them, where those are others. */
  readonly requesterHolder?: AgencyStanding;
  readonly providerHolder?: AgencyStanding;
  readonly affair: string;
  readonly information: string;
  /** Legal day of the request in Japan, `YYYY-MM-DD`. */
  readonly day: string;
  /** Whether the person's identifier is one that was issued to this requester and stands. Left out: not examined. */
  readonly identifierValid?: boolean;
}

/** A denial with the article of its day; `exceptionApplied` where it is an exception of art. 21(2). */
export interface Denial {
  readonly permitted: false;
  readonly code: DenialCode;
  readonly article: string;
  readonly exceptionApplied: boolean;
  readonly version?: string;
  readonly item?: string;
}
export type Legality = ({ readonly permitted: true } & Grant) | Denial;

/** Under which law: a MatrixHistory (version in force and openings of the day), or one version (`lawOf`). */
export interface Law {
  decide(question: MatrixQuestion, day: string): MatrixVerdict;
}
/** One version alone, a draft too, as if it were in force and open: what would change under it. */
export const lawOf = (matrix: PermissionMatrix): Law => ({ decide: (question) => matrix.decide(question) });

function deny(code: DenialCode, day: string, cited: { readonly version?: string; readonly item?: string } = {}): Denial {
  return {
    permitted: false,
    code,
    article: denialArticle(code, day),
    exceptionApplied: isStatutoryException(code),
    ...(cited.version === undefined ? {} : { version: cited.version }),
    ...(cited.item === undefined ? {} : { item: cited.item }),
  };
}

/** Who they are, before what they ask. */
function refusedParties(question: LegalityQuestion): DenialCode | undefined {
  const { requester, provider, requesterHolder, providerHolder, day } = question;
  if (requester === undefined || provider === undefined) return 'NOT_A_PARTICIPANT';
  if (requester.code === provider.code) return 'SAME_AGENCY';
  const roles = [roleOn(requester, day), roleOn(provider, day)];
  if (roles.includes('non-participant')) return 'NOT_A_PARTICIPANT';
  if (roles[0] === 'answer-only') return 'ANSWER_ONLY';
  const acts = (holder: AgencyStanding | undefined, institution: AgencyStanding): boolean =>
    holder === undefined ? institution.codeHolder : holder.code === institution.code || holder.code === institution.delegatedTo;
  return acts(requesterHolder, requester) && acts(providerHolder, provider) ? undefined : 'NOT_DELEGATED';
}

/** What may stand in the way of a lawful exchange: suspension, assessment (art. 28), identifier. */
function refusedStanding(question: LegalityQuestion, requester: AgencyStanding, provider: AgencyStanding, grant: Grant): DenialCode | undefined {
  if (requester.suspended || question.requesterHolder?.suspended === true) return 'AGENCY_SUSPENDED_REQUESTER';
  if (provider.suspended || question.providerHolder?.suspended === true) return 'AGENCY_SUSPENDED_PROVIDER';
  if (!requester.assessed.has(question.affair)) return 'ASSESSMENT_UNPUBLISHED_REQUESTER';
  if (!provider.assessed.has(grant.holdingAffair)) return 'ASSESSMENT_UNPUBLISHED_PROVIDER';
  return question.identifierValid === false ? 'IDENTIFIER_NOT_VALID' : undefined;
}

/**
 * Whether the minister must notify the provider (art. 21(2)), and if not, why: the parties, the table of the day and
 * what is open on it, suspension, both assessments, the identifier – in this order, the first that fails.
 */
export function judge(law: Law, question: LegalityQuestion): Legality {
  const { requester, provider, affair, information, day } = question;
  const parties = refusedParties(question);
  if (parties !== undefined || requester === undefined || provider === undefined) return deny(parties ?? 'NOT_A_PARTICIPANT', day);
  const verdict = law.decide({ requester, affair, provider, information }, day);
  if (!verdict.permitted) return deny(verdict.code, day, verdict);
  const standing = refusedStanding(question, requester, provider, verdict);
  return standing === undefined ? verdict : deny(standing, day, verdict);
}
