import { loadConfiguration, Log, runMain, stopOnSignals } from '#libs/platform';
import { InterfaceSystemConfiguration } from './configuration.js';
import { startInterfaceSystem } from './start.js';

async function main(): Promise<void> {
  const configuration = loadConfiguration(InterfaceSystemConfiguration, process.env);
  const { serverId, dataDirectory, keysDirectory, host, port, coreUrl, coreId, corePublicKey, coreLedgerKey, deployment, logLevel } = configuration;
  const log = Log.create({ app: serverId, level: logLevel });
  const running = await startInterfaceSystem({
    id: serverId,
    dataDirectory,
    keysDirectory,
    host,
    port,
    log,
    core: { id: coreId, url: coreUrl, publicKey: corePublicKey, ledgerKey: coreLedgerKey },
    deployment,
  });
  stopOnSignals(() => running.close(), { log });
}

await runMain(main);
