import { storeLocation } from '#libs/event-store';
import { loadConfiguration, Log, namedKeys, runMain, stopOnSignals, WallClock } from '#libs/platform';
import { ResidentRegistryConfiguration } from './configuration.js';
import { startResidentRegistry } from './start.js';

async function main(): Promise<void> {
  const { serverId, logLevel, coreId, coreUrl, corePublicKey, coreLedgerKey, auditors, eventStore, ...rest } = loadConfiguration(
    ResidentRegistryConfiguration,
    process.env,
  );
  const log = Log.create({ app: serverId, level: logLevel });
  const core = { id: coreId, url: coreUrl, publicKey: corePublicKey, ledgerKey: coreLedgerKey };
  const store = storeLocation(eventStore, rest.dataDirectory, rest.deployment, serverId);
  const running = await startResidentRegistry({ ...rest, store, id: serverId, core, clock: new WallClock(), log, auditors: namedKeys(auditors) });
  stopOnSignals(() => running.close(), { log });
}

await runMain(main);
