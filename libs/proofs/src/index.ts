export * from './batch/batch-proof.js';
export * from './notes/base64.js';
export * from './notes/checkpoint.js';
export * from './notes/cosignature.js';
export * from './notes/signed-note.js';
export * from './notes/verify-note.js';
export { HASH_BYTES, type Hasher, sameHash } from './tree/hasher.js';
export { consistencyProof, hashOfRange, inclusionProof, type NodeReader } from './tree/proofs.js';
export { parseTilePath, TILE_HEIGHT, TILE_LEVEL_MAX, TILE_WIDTH, type TileName, tilePath, tileWidth } from './tree/tiles.js';
export { PROOF_HASHES_MAX, rootOfInclusion, verifyConsistency, verifyInclusion } from './tree/verify-proofs.js';
export { nobleHasher, sha256 } from './hashing/noble-hasher.js';
export { nobleVerifySignature } from './hashing/noble-signatures.js';
export { assembleBundle, type EntryToBundle, type LogToBundle } from './bundle/assemble-bundle.js';
export * from './bundle/audit-bundle.js';
export {
  type Concerning,
  type FailedCode,
  FAILED,
  FAILURES_TOLD_MAX,
  type Finding,
  NOT_PROVED,
  type NotProvedCode,
  PROVED,
  type ProvedCode,
} from './bundle/findings.js';
export { readBundle } from './bundle/read-bundle.js';
export { type SignedBy, type WitnessedBy } from './bundle/check-logs.js';
export { type BundleReport, type RefusedBundle, type ReportedLog, verifyBundle, type VerifyBundleOptions } from './bundle/verify-bundle.js';
