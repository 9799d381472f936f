export * from './batch/batch-proof.js';
export * from './notes/checkpoint.js';
export * from './notes/cosignature.js';
export * from './notes/signed-note.js';
export * from './notes/verify-note.js';
export { HASH_BYTES, type Hasher, sameHash } from './tree/hasher.js';
export { consistencyProof, hashOfRange, inclusionProof, type NodeReader } from './tree/proofs.js';
export { parseTilePath, TILE_HEIGHT, TILE_LEVEL_MAX, TILE_WIDTH, type TileName, tilePath, tileWidth } from './tree/tiles.js';
export { PROOF_HASHES_MAX, rootOfInclusion, verifyConsistency, verifyInclusion } from './tree/verify-proofs.js';
