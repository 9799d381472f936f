/** Height of a tile in levels, and its width in hashes (C2SP tlog-tiles). */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 256;
/** Levels of tiles: 0 to 63 in the specification; 2^53 leaves need seven. */
export const TILE_LEVEL_MAX = 63;

/** A tile, or a bundle of entries (`level: 'entries'`), of `width` hashes; 256 is a full one. */
export interface TileName {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** `tile/<level>/x001/x234/067` with `.p/<width>` for a partial one. */
export function tilePath({ level, index, width }: TileName): string {
  let digits = String(index % 1_000).padStart(3, '0');
  for (let rest = Math.floor(index / 1_000); rest > 0; rest = Math.floor(rest / 1_000)) digits = `x${String(rest % 1_000).padStart(3, '0')}/${digits}`;
  return `tile/${level}/${digits}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const PATH = /^tile\/(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** The tile that a path names; undefined for what is no path, or not the one way to write it. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level = '', digits = '', partial] = PATH.exec(path) ?? [];
  if (level === '') return undefined;
  const index = Number(digits.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  const name: TileName = { level: level === 'entries' ? 'entries' : Number(level), index, width };
  if (!Number.isSafeInteger(index) || width > TILE_WIDTH || (name.level !== 'entries' && name.level > TILE_LEVEL_MAX)) return undefined;
  return tilePath(name) === path ? name : undefined;
}

/** How many hashes of a tile exist in a tree of `size` leaves: 0 to 256. A bundle of entries is as wide as its tile of level 0. */
export function tileWidth(level: number | 'entries', index: number, size: number): number {
  const leavesAHash = level === 'entries' ? 1 : TILE_WIDTH ** level;
  return Math.max(0, Math.min(TILE_WIDTH, Math.floor(size / leavesAHash) - index * TILE_WIDTH));
}
