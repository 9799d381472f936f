export * from './messages.js';
export * from './domain-error.js';
export * from './ids.js';
export * from './japan-time.js';
export * from './event-schema.js';
export * from './event-codec.js';
export * from './given-when-then.js';
