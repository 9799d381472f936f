import { spawn } from 'node:child_process';
import { generateKeyPairSync, hash, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LmdbEventStore, START, type StoredEvent } from '#libs/event-store';
import { leafHash, type Ledger, nativeHasher, openLedger, readLedger, TileTree } from '#libs/ledger';
import { type Checkpoint, ED25519, formatVerifierKey, keyIdOf, parseCheckpoint, parseNote, sameHash, TILE_WIDTH, verifyConsistency } from '#libs/proofs';

const CHILD = fileURLToPath(new URL('./ledger-kill.child.js', import.meta.url));
const ROUNDS = 12;
/** Longer than the ledger's file lags behind: kills fall between its commits and into them. */
const AFTER_FIRST_CHECKPOINT_MS_MAX = 600;
const ORIGIN = 'renkei.example/killed/1';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const rawKey = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
const key = formatVerifierKey({
  name: ORIGIN,
  keyId: keyIdOf((bytes) => hash('sha256', bytes, 'buffer'), ORIGIN, ED25519, rawKey),
  kind: ED25519,
  publicKey: rawKey,
});
const signers = [{ key, sign: (message: Uint8Array) => sign(undefined, message, privateKey) }];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-ledger-kill-'));
});
afterEach(() => rm(directory, { recursive: true }));

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0, // not made yet
  );

/** Lets a process record and show checkpoints until at least one more was shown, and kills it at a random moment after. */
async function killDuringLoad(data: string, shown: string): Promise<void> {
  const before = await sizeOf(shown);
  const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  const child = spawn(process.execPath, [CHILD, data, shown, key, der], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  while ((await sizeOf(shown)) === before && child.exitCode === null) await sleep(2);
  await sleep(Math.random() * AFTER_FIRST_CHECKPOINT_MS_MAX);
  child.kill('SIGKILL');
  const [, signal] = (await exited) as [number | null, string | null];
  expect({ signal, complaint }).toEqual({ signal: 'SIGKILL', complaint: '' });
}

interface Shown extends Checkpoint {
  /** Whoever was shown it knew that this entry of the store is in it. */
  readonly position: bigint;
}

/** Every checkpoint that was shown, its signature verified. A line that the kill cut short was shown to nobody. */
async function shownIn(path: string): Promise<Shown[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => {
    const { note, position } = JSON.parse(line) as { readonly note: string; readonly position: string };
    const parsed = parseNote(note);
    const checkpoint = parsed && parseCheckpoint(parsed.text);
    const signature = parsed?.signatures[0]?.signature;
    if (!checkpoint || !signature || !verify(undefined, Buffer.from(parsed.text), publicKey, signature)) throw new Error('a checkpoint was not signed');
    return { ...checkpoint, position: BigInt(position) };
  });
}

async function everything(store: LmdbEventStore): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let after = START; ;) {
    const page = await store.readAll({ after, limit: 5_000 });
    events.push(...page.events);
    after = page.next;
    if (page.atEnd) return events;
  }
}

/** The checkpoints that the log contradicts: not of its tree at that size, no proof of growth from them, or without the entry they were to hold. */
function contradicted(ledger: Ledger, shown: readonly Shown[]): Shown[] {
  const { checkpoint } = ledger;
  return shown.filter(({ size, root, position }) => {
    if (size > checkpoint.size || ledger.indexAt(position) >= size || !sameHash(ledger.rootAt(size), root)) return true;
    return !verifyConsistency(nativeHasher, { size, root }, checkpoint, ledger.consistency(size, checkpoint.size));
  });
}

/** Tiles, positions and root of a log, and the same made at once from the store. */
function compare(ledger: Ledger, events: readonly StoredEvent[]): void {
  const leaves = events.map(({ bytes }) => leafHash(bytes));
  const tree = new TileTree(nativeHasher, () => undefined);
  tree.append(leaves);
  expect(ledger.checkpoint.size).toBe(events.length);
  expect(sameHash(ledger.checkpoint.root, tree.root())).toBe(true);
  const tiles = leaves.filter((_, index) => index % TILE_WIDTH === 0).map((_, tile) => Buffer.concat(leaves.slice(tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH)));
  expect(tiles.filter((bytes, index) => !bytes.equals(ledger.tile(0, index) ?? Buffer.alloc(0)))).toEqual([]);
  expect(ledger.positionsOf(0, events.length)).toEqual(events.map(({ position }) => position));
}

describe("a party's log, killed during load", () => {
  it('agrees with its store again, tile by tile, and contradicts no checkpoint that it ever showed', async () => {
    const [data, shownFile] = [join(directory, 'data'), join(directory, 'shown')];
    let lagged = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await killDuringLoad(data, shownFile);
      const shown = await shownIn(shownFile);
      const store = await LmdbEventStore.open(join(data, 'event-store'));
      const left = await readLedger({ directory: join(data, 'ledger'), source: store }); // as the kill left it
      if (left.checkpoint.size < (shown.at(-1)?.size ?? 0)) lagged += 1;
      await left.close();
      const ledger = await openLedger({ directory: join(data, 'ledger'), source: store, origin: ORIGIN, signers });
      await ledger.integrated(await store.lastPosition());
      const events = await everything(store);
      compare(ledger, events);
      expect(contradicted(ledger, shown)).toEqual([]);
      expect(shown.length).toBeGreaterThan(round);
      await ledger.close();
      const reader = await readLedger({ directory: join(data, 'ledger'), source: store }); // what is on disk now, without what is in memory
      compare(reader, events);
      await reader.close();
      await store.close();
    }
    expect(lagged).toBeGreaterThan(0); // some kills fell between a signature and the file
  }, 180_000);
});
