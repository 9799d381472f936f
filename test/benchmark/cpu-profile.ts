import type { Profiler } from 'node:inspector';

/** CPU time of one part of the program, milliseconds. */
export interface PartOfCpu {
  readonly part: string;
  readonly ms: number;
}

const OWN = /\/dist\/((?:apps|libs)\/[^/]+)\//;
const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** Which part a frame belongs to: a lib or app of ours, a package, Node, the collector. Idle time belongs to none. */
function partOf({ functionName, url }: Profiler.ProfileNode['callFrame']): string | undefined {
  if (functionName === '(idle)') return undefined;
  if (functionName === '(garbage collector)') return 'garbage collection';
  const own = OWN.exec(url)?.[1];
  if (own !== undefined) return own;
  const name = PACKAGE.exec(url)?.[1];
  if (name !== undefined) return name;
  return url === '' || url.startsWith('node:') ? 'node and native code' : 'other';
}

/**
 * Self time of a main thread's profile by part, the largest first, and what the process's other threads took. Native calls
 * (hashes, ciphers, LMDB) that V8 does not attribute to their caller count as node and native code.
 */
export function cpuByPart({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, processMs: number): readonly PartOfCpu[] {
  const parts = new Map(nodes.map((node) => [node.id, partOf(node.callFrame)]));
  const sums = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const part = parts.get(id);
    if (part !== undefined) sums.set(part, (sums.get(part) ?? 0) + (timeDeltas[index] ?? 0) / 1_000);
  }
  const main = [...sums.values()].reduce((sum, ms) => sum + ms, 0);
  const found = [...sums].map(([part, ms]) => ({ part, ms })).sort((a, b) => b.ms - a.ms);
  const small = found.filter(({ ms }) => ms < main / 100).reduce((sum, { ms }) => sum + ms, 0);
  return [...found.filter(({ ms }) => ms >= main / 100), { part: 'parts below 1 %', ms: small }, { part: 'other threads', ms: Math.max(0, processMs - main) }];
}
