import { storeLocation } from '#libs/event-store';
import { loadConfiguration, Log, namedKeys, runMain, stopOnSignals, WallClock } from '#libs/platform';
import { CoreConfiguration } from './configuration.js';
import { CORE } from './core-parts.js';
import { startCore } from './start.js';

async function main(): Promise<void> {
  const configuration = loadConfiguration(CoreConfiguration, process.env);
  const {
    dataDirectory,
    keysDirectory,
    host,
    port,
    logLevel,
    operators,
    auditors,
    deployment,
    eventStore,
    readModels: url,
    readModelsPasswordFile: passwordFile,
    ...settings
  } = configuration;
  const log = Log.create({ app: 'core', level: logLevel });
  const running = await startCore({
    dataDirectory,
    keysDirectory,
    host,
    port,
    log,
    settings,
    clock: new WallClock(),
    operators: namedKeys(operators),
    auditors: namedKeys(auditors),
    deployment,
    store: storeLocation(eventStore, dataDirectory, deployment, CORE),
    readModels: { url, passwordFile },
  });
  log.info('the core is up', { address: running.url });
  stopOnSignals(() => running.close(), { log });
}

await runMain(main);
