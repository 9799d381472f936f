import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { embeddedIn, locationIn, openStore, storeLocation } from './store-location.js';

const URL = 'esdb://127.0.0.1:2113?tls=false';

describe('where the record of a party is', () => {
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'renkei-location-'));
  });
  afterEach(() => rmSync(data, { recursive: true }));
  const directory = (): string => join(data, 'event-store');
  function noted(note: string): void {
    mkdirSync(directory(), { recursive: true });
    writeFileSync(join(directory(), 'location.json'), note);
  }

  it('is embedded where no server is named, and under a prefix of the party alone where one is', () => {
    expect(storeLocation(undefined, data, 'renkei.example', 'core')).toEqual(embeddedIn(data));
    const core = storeLocation(URL, data, 'renkei.example', 'core');
    expect(core).toEqual({ kind: 'eventstoredb', url: URL, prefix: 'renkei.example/core/', directory: directory() });
  });

  it('is embedded where nothing is noted; a server that is given all the same is refused', () => {
    expect(locationIn(data)).toEqual({ kind: 'embedded', directory: directory() });
    expect(() => locationIn(data, URL)).toThrow(expect.objectContaining({ code: 'EVENT_STORE_ELSEWHERE' }));
    expect(existsSync(directory())).toBe(false);
  });

  it('is where the note says, by another way where one is given', () => {
    noted(JSON.stringify({ prefix: 'renkei.example/core/', url: URL }));
    expect(locationIn(data)).toEqual({ kind: 'eventstoredb', url: URL, prefix: 'renkei.example/core/', directory: directory() });
    expect(locationIn(data, 'esdb://u:p@elsewhere:2113')).toMatchObject({ url: 'esdb://u:p@elsewhere:2113', prefix: 'renkei.example/core/' });
  });

  it.each(['', '{"prefix":', '{"prefix":"a/b/"}', '{"url":7,"prefix":"a/b/"}', '[]'])('is not known where the note is %j', (note) => {
    noted(note);
    expect(() => locationIn(data)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
  });

  it('is not begun anew elsewhere: neither embedded beside a note, nor on a server beside a file', async () => {
    noted(JSON.stringify({ prefix: 'renkei.example/core/', url: URL }));
    await expect(openStore(embeddedIn(data))).rejects.toMatchObject({ code: 'EVENT_STORE_ELSEWHERE' });
    await expect(openStore(storeLocation(URL, data, 'renkei.example', 'other'))).rejects.toMatchObject({ code: 'EVENT_STORE_ELSEWHERE' });
    rmSync(directory(), { recursive: true });
    await (await openStore(embeddedIn(data))).close();
    await expect(openStore(storeLocation(URL, data, 'renkei.example', 'core'))).rejects.toMatchObject({ code: 'EVENT_STORE_ELSEWHERE' });
    expect(existsSync(join(directory(), 'location.json'))).toBe(false);
    expect(readFileSync(join(directory(), 'events.mdb')).length).toBeGreaterThan(0);
  });
});
