export * from './tree/leaf-hash.js';
export { nativeHasher, nodeHash } from './tree/native-hasher.js';
export { type ChangedTile, type ReadTile, TILES_CACHED_MAX, TileTree } from './tree/tile-tree.js';
export * from './log/ledger.js';
