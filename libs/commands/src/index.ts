export * from './recorder.js';
export type { Stored, StoredPlace } from './stored.js';
export * from './command-bus.js';
export * from './party-log.js';
export * from './party.js';
export * from './prove-stored.js';
