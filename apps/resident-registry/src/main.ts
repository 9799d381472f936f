import { loadConfiguration, Log, runMain, stopOnSignals, WallClock } from '#libs/platform';
import { ResidentRegistryConfiguration } from './configuration.js';
import { startResidentRegistry } from './start.js';

async function main(): Promise<void> {
  const { serverId, logLevel, coreId, coreUrl, corePublicKey, ...rest } = loadConfiguration(ResidentRegistryConfiguration, process.env);
  const log = Log.create({ app: serverId, level: logLevel });
  const core = { id: coreId, url: coreUrl, publicKey: corePublicKey };
  const running = await startResidentRegistry({ ...rest, id: serverId, core, clock: new WallClock(), log });
  stopOnSignals(() => running.close(), { log });
}

await runMain(main);
