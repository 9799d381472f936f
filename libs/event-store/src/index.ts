export * from './event-store.js';
export * from './errors.js';
export * from './event-header.js';
export * from './lmdb/lmdb-event-store.js';
export { EventScanner } from './verification/event-scanner.js';
export { RunBalance } from './verification/run-balance.js';
export type { StoreFinding, StoreFindingCode } from './verification/store-finding.js';
export { StoreWalk, type WalkedBlocks, type WalkOptions } from './verification/store-walk.js';
export { UniqueIds } from './verification/unique-ids.js';
