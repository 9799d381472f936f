export * from './tree/leaf-hash.js';
export { nativeHasher, nodeHash } from './tree/native-hasher.js';
export { type ChangedTile, type ReadTile, TILES_CACHED_MAX, TileTree } from './tree/tile-tree.js';
export * from './log/ledger.js';
export type { VerifiedCheckpoint } from './known/known-log.js';
export { KNOWN_LOGS_MAX, KnownLogs, type KnownLogsOptions, type VerifyOptions } from './known/known-logs.js';
export { type LedgerRefusal, ledgerRefusal } from './known/refusals.js';
export { parseOrigin } from './known/trusted-keys.js';
export { sha256, verifyEd25519 } from './known/verify-ed25519.js';
