import { decodeHashes } from '../batch/batch-proof.js';
import { nobleHasher } from '../hashing/noble-hasher.js';
import { parseCheckpoint } from '../notes/checkpoint.js';
import { parseNote } from '../notes/signed-note.js';
import { HASH_BYTES, type Hasher } from '../tree/hasher.js';
import { assembleBundle } from './assemble-bundle.js';
import { ASKS, AT, type FixtureLog, MADE_AT, recordExchange, smallNation } from './bundle.fixture.js';
import { OrderedInclusion } from './ordered-inclusion.js';
import { verifyBundle } from './verify-bundle.js';

// How many entries a second a bundle is verified at: `node dist/libs/proofs/src/bundle/verify-bundle.measure.js [exchanges]`.
// CPU time of the process, so that neighbours on the machine count for less.

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};
interface NativeCrypto {
  hash(algorithm: string, data: string | Uint8Array, form: 'buffer'): Uint8Array;
}
/** Native hashes as `ledger` has them; this lib imports nothing of Node, so a measurement asks the process. */
const { hash } = (process as unknown as { getBuiltinModule(name: string): NativeCrypto }).getBuiltinModule('crypto');
const prefixed = new Uint8Array(65_536);
const pair = new Uint8Array(1 + 2 * HASH_BYTES).fill(1, 0, 1);
const native: Hasher = {
  leaf(bytes) {
    prefixed.set(bytes, 1);
    return hash('sha256', prefixed.subarray(0, bytes.length + 1), 'buffer');
  },
  node(left, right) {
    pair.set(left, 1);
    pair.set(right, 1 + HASH_BYTES);
    return hash('sha256', pair, 'buffer');
  },
  empty: () => hash('sha256', '', 'buffer'),
};

const EXCHANGES = Number(process.argv[2] ?? 12_500);
const nation = smallNation(native);
for (let exchange = 1; exchange <= EXCHANGES; exchange += 1) recordExchange(nation, `0171f195-dea0-7b8b-962c-${exchange.toString(16).padStart(12, '0')}`);
const whole = (log: FixtureLog) => log.bundled([...log.entries.keys()]);
const bundle = assembleBundle({ kind: 'agency', agency: ASKS, from: AT, to: MADE_AT }, MADE_AT, [nation.core, nation.east, nation.west].map(whole));
const text = JSON.stringify(bundle);
const rate = (startedMs: number): string => `${Math.round((bundle.entries.length * 1_000) / (cpuMs() - startedMs)).toLocaleString('en-US')}/s`;

process.stdout.write(`${bundle.entries.length} entries, ${Math.round(text.length / 1_000_000)} MB\n`);
for (const [name, hasher] of [
  ['native', native],
  ['noble', nobleHasher],
] as const) {
  const scratch = new Uint8Array(65_535);
  const encoder = new TextEncoder();
  let startedMs = cpuMs();
  let included = 0;
  for (const [log, { nodes, checkpoint }] of bundle.logs.entries()) {
    const head = parseCheckpoint(parseNote(checkpoint)?.text ?? '');
    if (!head) throw new Error('the bundle has no checkpoint');
    const tree = new OrderedInclusion(hasher, decodeHashes(nodes) ?? [], head);
    for (const entry of bundle.entries) {
      if (entry.log !== log) continue;
      const { written } = encoder.encodeInto(entry.bytes, scratch);
      if (tree.includes(hasher.leaf(scratch.subarray(0, written)), entry.index, entry.path)) included += 1;
    }
  }
  const leavesAndTree = rate(startedMs);
  startedMs = cpuMs();
  const { outcome } = verifyBundle(text, { hasher });
  process.stdout.write(`${name}: leaves and tree ${leavesAndTree} (${included} included); whole, from text to report: ${rate(startedMs)} (${outcome})\n`);
}
