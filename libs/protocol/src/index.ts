export * from './line-outcome.js';
export * from './fields.js';
export * from './exchange.messages.js';
export * from './identifier.messages.js';
export * from './directory.js';
export * from './ports.js';
