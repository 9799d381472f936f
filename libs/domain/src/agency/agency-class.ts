/** Classes of institutions that take part, or may (seed, p. 15: institutions on 2020-04-01; insurers on 2020-02-12). */
export const PARTICIPATING_CLASSES = [
  'prefecture',
  'prefecture-board',
  'municipality',
  'municipality-board',
  'union',
  'employment-security-bureau',
  'labour-standards-bureau',
  'pension-service',
  'payment-fund',
  'health-insurance-association',
  'health-insurance-society',
  'national-health-insurance-society',
  'late-elderly-medical-union',
  'local-mutual-aid-short',
  'national-mutual-aid-short',
  'private-school-mutual-aid-short',
  'national-mutual-aid-federation-long',
  'local-mutual-aid-long',
  'private-school-mutual-aid-long',
  'local-accident-fund',
  'japan-railway-mutual-aid',
  'education-ministry',
  'student-services',
  'farmers-pension-fund',
] as const;

/** Known, but no institution of the table in 2020: the disclosure portal, the tax agency, and the justice ministry of later law. */
export const OTHER_CLASSES = ['disclosure-portal', 'national-tax-agency', 'justice-ministry'] as const;

/** Kinds that the table names although no such institution takes part: an exchange with them is lawful, and impossible. */
export const KINDS_WITHOUT_MEMBERS = [
  'health-ministry',
  'social-welfare-council',
  'national-pension-fund',
  'national-pension-fund-federation',
  'coal-mine-pension-fund',
  'designated-fund',
  'corporate-pension',
  'defined-contribution-employer',
  'agriculture-forestry-mutual-aid',
  'sport-council',
  'drug-safety-agency',
  'surviving-assembly-mutual-aid',
  'surviving-employees-pension-fund',
  'surviving-pension-federation',
] as const;

export const AGENCY_CLASSES = [...PARTICIPATING_CLASSES, ...OTHER_CLASSES, ...KINDS_WITHOUT_MEMBERS] as const;
export type AgencyClass = (typeof AGENCY_CLASSES)[number];

const ALL: ReadonlySet<string> = new Set(AGENCY_CLASSES);
const WITHOUT_MEMBERS: ReadonlySet<string> = new Set(KINDS_WITHOUT_MEMBERS);
export const isAgencyClass = (text: string): text is AgencyClass => ALL.has(text);
export const hasMembers = (agencyClass: AgencyClass): boolean => !WITHOUT_MEMBERS.has(agencyClass);

/** What an institution may do in the network; effective-dated (AgencyParticipationChanged). */
export const AGENCY_ROLES = ['participant', 'answer-only', 'non-participant'] as const;
export type AgencyRole = (typeof AGENCY_ROLES)[number];
