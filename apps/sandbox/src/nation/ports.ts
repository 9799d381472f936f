import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** First port of a sandbox that is asked for none; each server has its place behind it. */
export const BASE_PORT = 7_100;

function canListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

/** Below the range from which systems take ports for outgoing connections, so that none of those is in the way a moment later. */
const FREE_PORTS = { first: 10_000, last: 32_000 } as const;
const RANGES_TRIED_MAX = 50;

/** A port a name: the ones from `base` on where all of them are free, else a free range somewhere. `base` 0: a free range at once. */
export async function allotPorts(names: readonly string[], base: number): Promise<ReadonlyMap<string, number>> {
  for (let attempt = 0; attempt < RANGES_TRIED_MAX; attempt += 1) {
    const first = attempt === 0 && base !== 0 ? base : randomInt(FREE_PORTS.first, FREE_PORTS.last - names.length);
    const ports = await Promise.all(names.map((_, index) => canListen(first + index)));
    if (ports.every((port) => port !== undefined)) return new Map(names.map((name, index) => [name, first + index]));
  }
  throw new Error('no free range of ports was found: name the first one with --port');
}

/** True where another process took a port between the look and the use: another range is then tried. */
export const isTakenPort = (error: unknown): boolean => (error as { code?: unknown } | undefined)?.code === 'EADDRINUSE';
