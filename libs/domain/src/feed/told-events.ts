import type { ProvisionEvent } from '../provision/provision.events.js';
import type { QueryEvent } from '../query/query.events.js';
import type { ReplicaEvent } from '../replica/replica.events.js';
import type { SubjectEvent } from '../identifier/subject.events.js';

/** The events of an intermediate server that are about one agency's exchanges, replicas and persons. */
export type AgencyServerEvent = QueryEvent | ProvisionEvent | ReplicaEvent | SubjectEvent;

/** What an agency's systems know already (they asked for it themselves), or what is followed by another in the same append, or names nobody any more. */
const NOT_TOLD: ReadonlySet<string> = new Set<AgencyServerEvent['type']>([
  'QuerySubmitted',
  'ProvisionDemanded',
  'ProvisionReleased',
  'AcquisitionRequested',
  'SubjectKeyDestroyed',
]);

/** Whether an event of an agency's server is told to the agency's systems in their feed. */
export const isToldInFeed = (type: AgencyServerEvent['type']): boolean => !NOT_TOLD.has(type);
