import type { AgencyClass, AgencyRole } from './agency-class.js';
import type { AgencyRegistration } from './agency.events.js';

/** What is known of a registered agency, folded from its stream: all that a decision about it needs. */
export interface AgencyStanding {
  readonly status: 'registered';
  readonly registration: AgencyRegistration;
  readonly code: string;
  readonly class: AgencyClass;
  readonly codeHolder: boolean;
  readonly localGovernment?: string;
  readonly welfareOffice: boolean;
  readonly healthCentre: boolean;
  /** Code holder that acts for it. */
  readonly delegatedTo?: string;
  readonly intermediateServer?: string;
  readonly interfaceSystem?: string;
  /** The key in use, and every key there was, by id. */
  readonly keyId?: string;
  readonly keys: ReadonlyMap<string, string>;
  /** Affairs whose assessment stands published. */
  readonly assessed: ReadonlySet<string>;
  readonly suspended: boolean;
  /** Oldest first; the first entry, from '' on, is the role of the registration. */
  readonly participation: readonly { readonly role: AgencyRole; readonly from: string }[];
}

export const standingOf = (registration: AgencyRegistration): AgencyStanding => ({
  status: 'registered',
  registration,
  code: registration.code,
  class: registration.class,
  codeHolder: registration.codeHolder,
  ...(registration.localGovernment === undefined ? {} : { localGovernment: registration.localGovernment }),
  welfareOffice: registration.welfareOffice,
  healthCentre: registration.healthCentre,
  keys: new Map(),
  assessed: new Set(),
  suspended: false,
  participation: [{ role: registration.role, from: '' }],
});

/** The role in which it takes part on a legal day (`YYYY-MM-DD`). */
export function roleOn(standing: AgencyStanding, day: string): AgencyRole {
  for (let index = standing.participation.length - 1; index >= 0; index -= 1) {
    const entry = standing.participation[index];
    if (entry !== undefined && entry.from <= day) return entry.role;
  }
  return 'non-participant';
}

/** The code holder whose identifiers it uses: itself, or who acts for it. */
export const holderOf = (standing: AgencyStanding): string => standing.delegatedTo ?? standing.code;
