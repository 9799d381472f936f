import { loadConfiguration, Log, runMain, stopOnSignals } from '#libs/platform';
import { InterfaceSystemConfiguration } from './configuration.js';
import { startInterfaceSystem } from './start.js';

async function main(): Promise<void> {
  const { serverId, keysDirectory, host, port, coreUrl, coreId, corePublicKey, logLevel } = loadConfiguration(InterfaceSystemConfiguration, process.env);
  const log = Log.create({ app: serverId, level: logLevel });
  const running = await startInterfaceSystem({
    id: serverId,
    keysDirectory,
    host,
    port,
    log,
    core: { id: coreId, url: coreUrl, publicKey: corePublicKey },
  });
  stopOnSignals(() => running.close(), { log });
}

await runMain(main);
