import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TILE_WIDTH, type TileName, tilePath } from '#libs/proofs';

/** Every tile of a tree with so many leaves, whole ones and the last partial one of each level (C2SP tlog-tiles), level by level. */
export function* tilesOf(size: number): Generator<TileName & { readonly level: number }> {
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
    for (let index = 0; index * TILE_WIDTH < hashes; index += 1) yield { level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) };
  }
}

/** Every bundle of entries of such a tree. */
export function* bundlesOf(size: number): Generator<TileName> {
  for (let index = 0; index * TILE_WIDTH < size; index += 1) yield { level: 'entries', index, width: Math.min(TILE_WIDTH, size - index * TILE_WIDTH) };
}

export type DirectoryTrouble = 'not-empty' | 'broken-off';

/**
 * A directory that is there whole or not at all: it is written under another name beside it (`<name>.partial`) and takes
 * its own when it is complete.
 */
export class LogDirectory {
  readonly #partial: string;
  readonly #made = new Set<string>();
  files = 0;
  bytes = 0;

  constructor(private readonly directory: string) {
    this.#partial = join(dirname(resolve(directory)), `${basename(resolve(directory))}.partial`);
  }

  /** Where the files stand until all are written. */
  get partial(): string {
    return this.#partial;
  }

  /** What is in the way; undefined where it can be begun. */
  async trouble(): Promise<DirectoryTrouble | undefined> {
    if ((await entriesIn(this.directory)) > 0) return 'not-empty';
    return (await entriesIn(this.#partial)) > 0 ? 'broken-off' : undefined;
  }

  async begin(): Promise<void> {
    await mkdir(this.#partial, { recursive: true });
  }

  write(name: TileName, bytes: Uint8Array): Promise<void> {
    return this.writeFile(tilePath(name), bytes);
  }

  async writeFile(path: string, bytes: Uint8Array | string): Promise<void> {
    const file = join(this.#partial, path);
    const parent = dirname(file);
    if (!this.#made.has(parent)) {
      await mkdir(parent, { recursive: true });
      this.#made.add(parent);
    }
    await writeFile(file, bytes, { flag: 'wx' });
    this.files += 1;
    this.bytes += typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length;
  }

  /** Takes away what was begun. */
  async discard(): Promise<void> {
    await rm(this.#partial, { recursive: true, force: true });
    this.#made.clear();
  }

  async complete(): Promise<void> {
    await rename(this.#partial, this.directory);
  }
}

/** How many entries a directory has: 0 where there is none. A file in its place counts as one. */
async function entriesIn(directory: string): Promise<number> {
  const found = await stat(directory).catch((error: unknown) => {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return 0;
  return found.isDirectory() ? (await readdir(directory)).length : 1;
}
