export * from './event-store.js';
export * from './errors.js';
export * from './event-header.js';
export * from './lmdb/lmdb-event-store.js';
