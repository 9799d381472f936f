import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Checker } from './tamper.checker.js';
import { CORE, IFS, makeData, PARTIES, partyDirectory, PROVIDER, REQUESTER } from './tamper.data.js';

const PAGE_BYTES = 4_096;
/** Of a page: number and transaction (8 bytes each), padding, flags (2 each), bounds of its free space. */
const HEADER_BYTES = 24;
const FLAGS_AT = 18;
const LEAF = 0x02;
const OVERFLOW = 0x04;
/** Flips a region: each of them changes one byte of a copy, and has it checked. */
const FLIPS = 7;
/** More, until one is detected. */
const MORE_FLIPS_MAX = 200;

let work: string;
let whole: string;
let copy: string;
const checker = new Checker();
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'renkei-tamper-'));
  whole = join(work, 'whole');
  copy = join(work, 'copy');
  await makeData(whole);
  cpSync(whole, copy, { recursive: true });
}, 120_000);
afterAll(() => {
  checker.stop();
  rmSync(work, { recursive: true, force: true });
});

/** Offsets of every occurrence. */
function occurrences(bytes: Buffer, wanted: Buffer | string): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found.push(at);
  return found;
}
interface Span {
  readonly from: number;
  readonly length: number;
}
type Region = (bytes: Buffer) => readonly Span[];
const behind =
  (wanted: string, length: number): Region =>
  (bytes) =>
    occurrences(bytes, wanted).map((from) => ({ from, length }));

const pages = (bytes: Buffer): number[] => Array.from({ length: bytes.length / PAGE_BYTES }, (_, page) => page * PAGE_BYTES);
/** Values of several pages: blocks of events in a store, tiles in a log. */
const overflow: Region = (bytes) =>
  pages(bytes)
    .filter((at) => bytes.readUInt16LE(at + FLAGS_AT) === OVERFLOW)
    .map((from) => ({ from: from + HEADER_BYTES, length: 2_000 }));
const leafPages: Region = (bytes) =>
  pages(bytes)
    .filter((at) => bytes.readUInt16LE(at + FLAGS_AT) === LEAF)
    .map((from) => ({ from, length: PAGE_BYTES }));

/** Behind the header: magic number, version, map, the two roots, last page, transaction. */
const META: Region = () => [0, PAGE_BYTES].map((from) => ({ from: from + HEADER_BYTES, length: 136 }));
const PAGE_HEADERS: Region = (bytes) =>
  pages(bytes)
    .slice(2)
    .map((from) => ({ from, length: HEADER_BYTES }));
const ANYWHERE: Region = (bytes) => [{ from: 0, length: bytes.length }];

const STORE_REGIONS: Readonly<Record<string, Region>> = {
  'meta pages': META,
  'headers of pages': PAGE_HEADERS,
  'blocks of events': overflow,
  'index of streams': (bytes) => [...behind('\u0003exchange-', 46)(bytes), ...behind('\u0003query-', 43)(bytes), ...behind('\u0003provision-', 47)(bytes)],
  anywhere: ANYWHERE,
};
const LEDGER_REGIONS: Readonly<Record<string, Region>> = {
  'meta pages': META,
  'headers of pages': PAGE_HEADERS,
  tiles: overflow,
  'leaf pages': leafPages,
  'the state': behind('{"origin":"', 120),
  checkpoints: behind('{"note":"tamper', 240),
  cosignatures: behind('[{"witness":"', 200),
  anywhere: ANYWHERE,
};
const MODEL_REGIONS: Readonly<Record<string, Region>> = { 'its header': () => [{ from: 0, length: 100 }], anywhere: ANYWHERE };

/** Flips bytes of one file of the copy, one at a time. Gives how many were detected, and which were not though the content changed. */
async function flip(party: string, file: string, region: Region, full: boolean): Promise<{ readonly detected: number; readonly missed: readonly string[] }> {
  const original = readFileSync(join(whole, file));
  const path = join(copy, file);
  const spans = region(original).filter(({ from }) => from < original.length);
  if (spans.length === 0) throw new Error(`${file} has no such region`);
  const content = await checker.content(join(whole, file));
  if (content === undefined) throw new Error(`${file} cannot be read as it was written`);
  const flips = fc.record({ span: fc.nat(spans.length - 1), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) });
  let detected = 0;
  const missed: string[] = [];
  const flipOne = async ({ span, at, mask }: { readonly span: number; readonly at: number; readonly mask: number }): Promise<void> => {
    const { from, length } = spans[span] as Span;
    const offset = Math.min(from + (at % length), original.length - 1);
    const bytes = Buffer.from(original);
    bytes[offset] = (bytes[offset] as number) ^ mask;
    rmSync(`${path}-lock`, { force: true });
    writeFileSync(path, bytes);
    const findings = await checker.findings(copy, full, ...(party === IFS ? [] : [party]));
    if (findings.length > 0) detected += 1;
    else if ((await checker.content(path)) !== content) missed.push(`byte ${offset} of ${file} ^ ${mask}`);
  };
  // of two meta pages only one is in use: the first byte is read of both
  await fc.assert(fc.asyncProperty(flips, flipOne), { numRuns: FLIPS, examples: [[{ span: 0, at: 0, mask: 1 }]] });
  // much of a file is unused: where all flips fell there, more are made
  for (const more of fc.sample(flips, detected === 0 ? MORE_FLIPS_MAX : 0)) {
    if (detected > 0) break;
    await flipOne(more);
  }
  writeFileSync(path, original);
  for (const side of ['-wal', '-shm', '-lock']) rmSync(`${path}${side}`, { force: true });
  return { detected, missed };
}

describe('a data directory as it was written', () => {
  it.each([false, true])('is found whole (every event decoded and folded: %s)', async (full) => {
    expect(await checker.findings(copy, full)).toEqual([]);
  });
});

describe('a flipped byte is found, or changes nothing that can be read:', () => {
  const storesAndLogs = PARTIES.flatMap((party) => [
    ...Object.entries(STORE_REGIONS).map(([name, region]) => ({ party, file: 'event-store/events.mdb', name, region })),
    ...Object.entries(LEDGER_REGIONS).map(([name, region]) => ({ party, file: 'ledger/ledger.mdb', name, region })),
  ]);
  it.each(storesAndLogs)('$party, $file, $name', async ({ party, file, region }) => {
    const { detected, missed } = await flip(party, relative(whole, join(partyDirectory(whole, party), file)), region, false);
    expect(missed).toEqual([]);
    expect(detected).toBeGreaterThan(0);
  });

  const models = [
    { party: CORE, file: 'exchanges-v1.sqlite' },
    { party: REQUESTER, file: 'records-v1.sqlite' },
    { party: PROVIDER, file: 'replicas-v1.sqlite' },
  ].flatMap((model) => Object.entries(MODEL_REGIONS).map(([name, region]) => ({ ...model, name, region })));
  it.each(models)('$party, read-models/$file, $name', async ({ party, file, region }) => {
    const { detected, missed } = await flip(party, relative(whole, join(partyDirectory(whole, party), 'read-models', file)), region, true);
    expect(missed).toEqual([]);
    expect(detected).toBeGreaterThan(0);
  });

  it.each([
    { party: IFS, directory: '.' },
    { party: CORE, directory: 'witnessed-logs' },
  ])('what $party remembers of other logs', async ({ party, directory }) => {
    const file = relative(whole, join(partyDirectory(whole, party), directory, 'known-logs.json'));
    expect(existsSync(join(whole, file))).toBe(true);
    const { detected, missed } = await flip(party, file, ANYWHERE, false);
    expect(missed).toEqual([]);
    expect(detected).toBeGreaterThan(FLIPS / 2);
  });
});
