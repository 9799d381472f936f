export * from './recorder.js';
export * from './command-bus.js';
export * from './party.js';
