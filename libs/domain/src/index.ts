export * from './exchange/query-facts.js';
export * from './exchange/exchange.events.js';
export * from './exchange/holders.events.js';
export * from './query/query.events.js';
export * from './provision/provision.events.js';
export * from './replica/replica.events.js';
