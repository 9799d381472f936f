import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tilePath } from '#libs/proofs';
import { bundlesOf, LogDirectory, tilesOf } from './log-directory.js';

const paths = (names: Iterable<Parameters<typeof tilePath>[0]>): readonly string[] => [...names].map(tilePath);

describe('the files of an exported log', () => {
  it('are those of the example in the specification: a tree of 70,000 leaves', () => {
    const tiles = paths(tilesOf(70_000));
    expect(tiles.length).toBe(274 + 2 + 1);
    expect(tiles.slice(0, 2)).toEqual(['tile/0/000', 'tile/0/001']);
    expect(tiles.slice(-4)).toEqual(['tile/0/273.p/112', 'tile/1/000', 'tile/1/001.p/17', 'tile/2/000.p/1']);
    expect(paths(bundlesOf(70_000)).slice(-2)).toEqual(['tile/entries/272', 'tile/entries/273.p/112']);
  });

  it('end with a whole tile where the tree does', () => {
    expect(paths(tilesOf(512))).toEqual(['tile/0/000', 'tile/0/001', 'tile/1/000.p/2']);
    expect(paths(tilesOf(255))).toEqual(['tile/0/000.p/255']);
    expect(paths(tilesOf(0))).toEqual([]);
    expect(paths(bundlesOf(256_001)).at(-1)).toBe('tile/entries/x001/000.p/1');
  });

  it('are there whole or not at all', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'renkei-log-directory-'));
    const path = join(parent, 'log');
    const directory = new LogDirectory(path);
    await directory.begin();
    await directory.write({ level: 0, index: 0, width: 3 }, new Uint8Array(96));
    expect(existsSync(path)).toBe(false);
    expect(await directory.trouble()).toBe('broken-off');
    await directory.discard();
    expect(await directory.trouble()).toBeUndefined();
    await directory.begin();
    await directory.write({ level: 0, index: 0, width: 3 }, new Uint8Array(96));
    await directory.complete();
    expect(existsSync(join(path, 'tile/0/000.p/3'))).toBe(true);
    expect(await directory.trouble()).toBe('not-empty');
    const file = join(parent, 'file');
    writeFileSync(file, '');
    expect(await new LogDirectory(file).trouble()).toBe('not-empty');
    rmSync(parent, { recursive: true });
  });
});
