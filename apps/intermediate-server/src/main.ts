import { storeLocation } from '#libs/event-store';
import { loadConfiguration, Log, namedKeys, runMain, stopOnSignals } from '#libs/platform';
import { IntermediateServerConfiguration } from './configuration.js';
import type { KafkaOptions } from './feed/kafka-relay.js';
import { startIntermediateServer } from './start.js';

/** Undefined where the feed goes out over HTTP alone. */
function kafkaOf(configuration: IntermediateServerConfiguration): KafkaOptions | undefined {
  const { kafkaBrokers: brokers, kafkaUsername: username, kafkaPasswordFile: passwordFile, kafkaMechanism: mechanism } = configuration;
  const { kafkaTlsCaFile: caFile, kafkaTopicPrefix: topicPrefix } = configuration;
  return brokers === undefined ? undefined : { brokers, username, passwordFile, mechanism, caFile, topicPrefix };
}

async function main(): Promise<void> {
  const configuration = loadConfiguration(IntermediateServerConfiguration, process.env);
  const { serverId, dataDirectory, keysDirectory, host, port, interfaceSystemId, coreUrl, coreId, corePublicKey, coreLedgerKey } = configuration;
  const { deployment, auditors, operators, logLevel, outboxQueriesMax, eventStore, readModels: url, readModelsPasswordFile: passwordFile } = configuration;
  const log = Log.create({ app: serverId, level: logLevel });
  const running = await startIntermediateServer({
    id: serverId,
    dataDirectory,
    keysDirectory,
    host,
    port,
    log,
    interfaceSystem: interfaceSystemId,
    core: { id: coreId, url: coreUrl, publicKey: corePublicKey, ledgerKey: coreLedgerKey },
    deployment,
    store: storeLocation(eventStore, dataDirectory, deployment, serverId),
    readModels: { url, passwordFile },
    auditors: namedKeys(auditors),
    operators: namedKeys(operators),
    settings: { outboxQueriesMax },
    kafka: kafkaOf(configuration),
  });
  stopOnSignals(() => running.close(), { log });
}

await runMain(main);
