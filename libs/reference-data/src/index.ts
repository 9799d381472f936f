export { ReferenceDataInvalid, type Sourced } from './tables.js';
export * from './agency-classes.js';
export * from './codes-and-names.js';
export { resolveProvider, resolveRequester, resolvedWords, type ResolvedWords } from './resolution.js';
export { sourceItems, type SourceItem, type WordedGrant, type WordedItem } from './table-words.js';
export type { UnreadChange } from './draft-2026.js';
export * from './matrix-versions.js';
export * from './agencies.js';
