export { type CastAgency, registered, theCast, theHomes } from './cast/agencies.js';
export { affairOf, INFORMATION } from './cast/law.js';
export { bulkResidents, inAgencyNumber, namedPersons, type Person, theOthers, thePeople } from './cast/people.js';
export { TAX_YEAR } from './cast/replicas.js';
export { Nation, type NationOptions } from './nation/nation.js';
export { compareRecords, type Comparison } from './records/three-records.js';
export { PortalIdentifiers, type Scope, SetUp } from './setup/set-up.js';
export { type SimulatedExchange, Workload, type WorkloadOptions } from './simulate/exchanges.js';
export { type HistoryOptions, type WrittenHistory, writeHistory } from './simulate/bulk/write-history.js';
