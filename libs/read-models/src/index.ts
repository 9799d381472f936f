export { identifierKey, personKey, PersonKeys } from './person-keys.js';
export { type PartyKind, projectionsOf } from './models-of-party.js';
export * from './questions.js';
export * from './read-models.js';
export type { ExchangeStatus } from './exchange/exchanges.table.js';
export { LATE_ANSWER_GRACE_MS } from './exchange/exchanges.projection.js';
export { type ProviderStatus, type RecordRole, type RequesterStatus } from './record/records.table.js';
export { SqliteReadModels, type SqliteReadModelsOptions } from './sqlite/sqlite-read-models.js';
export type { IdentifierRow, IdentifierStatus } from './identifier/identifiers.projection.js';
