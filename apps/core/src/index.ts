export { CoreService } from './core-service.js';
export { coreEvents } from './open-core.js';
export { CoreOperations, digestOfItems } from './operations/core-operations.js';
export * from './operations/matrix.lines.js';
export * from './operations/operation.lines.js';
export { CoreRecords } from './records/core-records.js';
export * from './records/record.lines.js';
export { CORE_SETTINGS, type CoreSettings } from './settings.js';
export { type CoreOptions, type RunningCore, startCore } from './start.js';
