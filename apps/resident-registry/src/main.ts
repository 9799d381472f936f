import { loadConfiguration, Log, namedKeys, runMain, stopOnSignals, WallClock } from '#libs/platform';
import { ResidentRegistryConfiguration } from './configuration.js';
import { startResidentRegistry } from './start.js';

async function main(): Promise<void> {
  const { serverId, logLevel, coreId, coreUrl, corePublicKey, coreLedgerKey, auditors, ...rest } = loadConfiguration(
    ResidentRegistryConfiguration,
    process.env,
  );
  const log = Log.create({ app: serverId, level: logLevel });
  const core = { id: coreId, url: coreUrl, publicKey: corePublicKey, ledgerKey: coreLedgerKey };
  const running = await startResidentRegistry({ ...rest, id: serverId, core, clock: new WallClock(), log, auditors: namedKeys(auditors) });
  stopOnSignals(() => running.close(), { log });
}

await runMain(main);
