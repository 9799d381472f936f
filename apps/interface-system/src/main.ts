import { ConfigurationError, EXIT, loadConfiguration, Log, stopOnSignals } from '#libs/platform';
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

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigurationError ? EXIT.configuration : EXIT.failed;
});
