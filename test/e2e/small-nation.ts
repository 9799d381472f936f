import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Nation, type NationOptions, SetUp } from '#apps/sandbox';

/** A nation of the cast's agencies with identifiers and no replicas, over real HTTP, in a temporary directory. */
export async function smallNation(
  options: Pick<NationOptions, 'kafka' | 'eventStore'> = {},
): Promise<{ readonly nation: Nation; readonly close: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'renkei-nation-'));
  const nation = await Nation.start({ directory, basePort: 0, logLevel: 'silent', ...options });
  await new SetUp(nation, undefined, 'en', 'identifiers').run();
  return {
    nation,
    close: async () => {
      await nation.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
