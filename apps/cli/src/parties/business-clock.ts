import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxClock } from '#libs/platform';

const CLOCK_FILE = 'clock.json';

/** Runs `work` with the business clock of a data directory (format.md §4): the stored one of a sandbox, otherwise the wall's. */
export async function withBusinessClock<T>(data: string, work: (now: () => string) => Promise<T>): Promise<T> {
  const file = join(data, CLOCK_FILE);
  if (!existsSync(file)) return work(() => new Date().toISOString());
  const clock = SandboxClock.open({ file, startsAt: new Date().toISOString() });
  try {
    return await work(() => clock.now());
  } finally {
    clock.close();
  }
}
