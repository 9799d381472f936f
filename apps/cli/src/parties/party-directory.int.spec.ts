import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { partiesIn, partyIn } from './party-directory.js';

describe('the parties of a data directory', () => {
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'renkei-parties-'));
  });
  afterEach(() => rmSync(data, { recursive: true }));
  const make = (...path: readonly string[]): void => void mkdirSync(join(data, ...path), { recursive: true });

  it('are those of a sandbox that keep a record, by id', () => {
    for (const id of ['is-west', 'core']) make('parties', id, 'event-store');
    make('parties', 'ifs-east');
    expect(partiesIn(data)).toEqual([
      { id: 'core', dataDirectory: join(data, 'parties', 'core'), keysDirectory: join(data, 'keys', 'core') },
      { id: 'is-west', dataDirectory: join(data, 'parties', 'is-west'), keysDirectory: join(data, 'keys', 'is-west') },
    ]);
    expect(partyIn(data, 'is-west').dataDirectory).toBe(join(data, 'parties', 'is-west'));
  });

  it('are the one whose own directory it is, whatever it is called there', () => {
    make('event-store');
    expect(partiesIn(data)).toEqual([{ id: basename(data), dataDirectory: data, keysDirectory: undefined }]);
    expect(partyIn(data, 'core')).toEqual({ id: 'core', dataDirectory: data, keysDirectory: undefined });
  });

  it('are none in another directory', () => {
    expect(() => partiesIn(data)).toThrow(expect.objectContaining({ code: 'USAGE', option: '--data' }));
    expect(() => partiesIn(join(data, 'missing'))).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it.each(['is-north', '../core', 'ifs-east', ''])('are not %j, and those that there are are told', (id) => {
    make('parties', 'core', 'event-store');
    make('parties', 'ifs-east');
    expect(() => partyIn(data, id)).toThrow(expect.objectContaining({ code: 'USAGE', candidates: [expect.objectContaining({ code: 'core' })] }));
  });
});
