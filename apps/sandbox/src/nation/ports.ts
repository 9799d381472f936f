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

/** A port a name: the ones from `base` on where all of them are free, else any free ones. `base` 0: any free ones. */
export async function allotPorts(names: readonly string[], base: number): Promise<ReadonlyMap<string, number>> {
  const wanted = names.map((_, index) => (base === 0 ? 0 : base + index));
  const found = await Promise.all(wanted.map(canListen));
  const taken = found.some((port) => port === undefined);
  const ports = taken ? await Promise.all(names.map(() => canListen(0))) : found;
  return new Map(names.map((name, index) => [name, ports[index] ?? 0]));
}
