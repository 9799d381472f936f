export { withAuditors } from './http/auditors.js';
export { LedgerModule } from './ledger.module.js';
export { LedgerService, type LoggedParty } from './ledger.service.js';
export { type Reading, recordReading } from './log/entries-read.js';
export { ENTRY_BYTES_MAX, formatEntryBundle, parseEntryBundle } from './log/entry-bundle.js';
export { type InclusionProof, LogReader } from './log/log-reader.js';
