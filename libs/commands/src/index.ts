export * from './recorder.js';
export type { Stored } from './stored.js';
export * from './command-bus.js';
export * from './party.js';
