import type { StoreLocation } from '#libs/event-store';
import { FeedReader } from '#libs/feed';
import { coreAsWitness, measureLedger, withAuditors, WitnessLoop } from '#libs/ledger-service';
import { type Clock, createHttpApp, type HttpApp, type HttpLimits, type Log, TokenSigner, TokenVerifier, WallClock } from '#libs/platform';
import {
  DEPLOYMENT_DEFAULT,
  addressesOf,
  type CorePort,
  DirectoryCache,
  HttpCorePort,
  HttpInterfaceSystemPort,
  type InterfaceSystemPort,
  keysOf,
  Peers,
  type PinnedCore,
} from '#libs/protocol';
import { areReachable, type ModelsDatabase, type ReadModels } from '#libs/read-models';
import { withOperators } from '#libs/read-models-service';
import { type KafkaOptions, kafkaRelay, measureRelay } from './feed/kafka-relay.js';
import { FeedWaiters } from './feed/feed-waiters.js';
import { keysOfHosted } from './hosting/hosting.js';
import { IntermediateServerModule } from './intermediate-server.module.js';
import { IntermediateServerService } from './intermediate-server.service.js';
import { type OpenedServer, openServer } from './open-server.js';
import { Reactors } from './reactors/reactors.js';
import { ServerParts } from './server-parts.js';
import { type ServerSettings, SETTINGS } from './settings.js';

export interface IntermediateServerOptions {
  readonly id: string;
  /** The server's own: `event-store/`, `ledger/`, `read-models/` and `mailbox/` are in it. */
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly core: PinnedCore;
  /** Id of the interface system in front of it. */
  readonly interfaceSystem: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
  /** The wall clock where it is left out. */
  readonly clock?: Clock;
  /** The database of its read models; SQLite files in the data directory where it is left out. */
  readonly readModels?: ModelsDatabase;
  /** Where its record is; embedded in the data directory where it is left out. */
  readonly store?: StoreLocation;
  readonly settings?: Partial<ServerSettings>;
  readonly limits?: Partial<HttpLimits>;
  /** First part of the origin of every log, `renkei.example` where left out: the same at all servers. */
  readonly deployment?: string;
  /** Ed25519 public keys (base64url) of those who may read the log's entries, by name; each reading is recorded. */
  readonly auditors?: Readonly<Record<string, string>>;
  /** Ed25519 public keys (base64url) of those who may rebuild its read models, by name. */
  readonly operators?: Readonly<Record<string, string>>;
  /** For measuring, in one process only: no ledger is kept, and no answer carries a proof. */
  readonly withoutLedger?: true;
  /** Brokers that its feed goes out to as well; over HTTP alone where left out. */
  readonly kafka?: KafkaOptions | undefined;
  /** Ways to others in this process, instead of HTTP. The directory is read from `core`, everything else goes to `interfaceSystem`. */
  readonly ways?: { readonly core?: Pick<CorePort, 'directory'>; readonly interfaceSystem?: InterfaceSystemPort };
}

export interface RunningIntermediateServer {
  readonly id: string;
  readonly url: string;
  readonly service: IntermediateServerService;
  /** What the core must know of it: Ed25519 public key, base64url. */
  readonly signingKey: { readonly keyId: string; readonly publicKey: string };
  /** Verifier key (C2SP signed-note) of its log, the newest where two sign; undefined without a ledger. */
  readonly ledgerKey: string | undefined;
  readonly directory: DirectoryCache;
  readonly models: ReadModels;
  readonly party: OpenedServer['party'];
  /** Does at once all that is due on the business clock: for a clock that was moved. */
  tick(): Promise<void>;
  close(): Promise<void>;
}

/** Starts an intermediate server: record, log, keys, mailbox, read models, directory, HTTP, reactors, witnessing. Rejects with nothing left open. */
export async function startIntermediateServer(options: IntermediateServerOptions): Promise<RunningIntermediateServer> {
  const { id, dataDirectory, keysDirectory, deployment = DEPLOYMENT_DEFAULT, clock = new WallClock(), log, withoutLedger, readModels, store } = options;
  const opened = await openServer({ id, deployment, dataDirectory, keysDirectory, clock, log, withoutLedger, readModels, store });
  try {
    return await serve(opened, { ...options, deployment, clock });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function serve(
  opened: OpenedServer,
  options: IntermediateServerOptions & { readonly clock: Clock; readonly deployment: string },
): Promise<RunningIntermediateServer> {
  const { id, core, log, ways, clock } = options;
  const { party, models, mailbox } = opened;
  const signer = new TokenSigner({ issuer: id, keyId: party.signing.keyId, privateKey: party.signing.privateKey });
  const peers: Peers = new Peers(signer, (server) => addressOf(server));
  const corePort = ways?.core ?? new HttpCorePort(peers.post(core.id));
  const directory = new DirectoryCache(
    () => corePort.directory(id),
    (error) => log.warn('the directory could not be read', { error }),
  );
  const addressOf = addressesOf(core, directory);
  const interfaceSystem = ways?.interfaceSystem ?? new HttpInterfaceSystemPort(peers.post(options.interfaceSystem));
  const settings = { ...SETTINGS, ...options.settings };
  const parts = new ServerParts(id, party, models, mailbox, directory, interfaceSystem, clock, log, settings);
  const witnessing = witnessingOf(opened, options, settings, interfaceSystem);
  const feed = new FeedReader({ store: party.store, fields: party.fields, deployment: options.deployment, party: id });
  const relay =
    options.kafka && kafkaRelay({ id, deployment: options.deployment, store: party.store, serverLog: parts.serverLog, reader: feed, log }, options.kafka);
  const running: Reactors[] = [];
  const http: HttpApp = await createHttpApp(IntermediateServerModule.of(parts, feed), {
    title: `Renkei intermediate server (${id})`,
    description: '中間サーバー: keeps the replicas, queries, results and records of the agencies that it speaks for, each walled off from the others.',
    version: '1',
    host: options.host,
    port: options.port,
    log,
    tokens: new TokenVerifier({
      audience: id,
      keyOf: withOperators(withAuditors(keysOfHosted(id, directory, keysOf(core, directory)), options.auditors), options.operators),
    }),
    readiness: {
      directory: () => directory.isKnown,
      record: async () => (await party.store.lastPosition()) >= 0n,
      ledger: () => parts.serverLog.caughtUp(),
      'read-models': () => areReachable(models),
      ...(relay ? { feed: () => relay.ready } : {}),
    },
    stopping: () => http.nest.get(FeedWaiters).stop(),
    drain: [
      async () => void (await Promise.all(running.map((reactors) => reactors.stop()))),
      async () => witnessing?.stop(),
      async () => relay?.stop(),
      () => peers.close(),
      () => opened.close(),
    ],
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  if (party.ledger) measureLedger(http.metrics, party.ledger);
  if (relay) measureRelay(http.metrics, relay);
  if (witnessing) http.health.warn(() => witnessing.warnings());
  await directory.start();
  const reactors = http.nest.get(Reactors);
  running.push(reactors);
  reactors.start();
  witnessing?.start();
  relay?.start();
  return {
    id,
    url: http.address,
    service: http.nest.get(IntermediateServerService),
    signingKey: { keyId: party.signing.keyId, publicKey: party.signing.publicText },
    ledgerKey: party.log?.keys.at(-1),
    directory,
    models,
    party,
    tick: () => reactors.tick(),
    close: async () => {
      directory.stop();
      await http.close();
    },
  };
}

/** Has the core cosign this server's log; undefined where none is kept. */
function witnessingOf(
  { party: { ledger, log: identity } }: OpenedServer,
  { id, core, deployment, log }: { readonly id: string; readonly core: PinnedCore; readonly deployment: string; readonly log: Log },
  { witnessEveryMs, witnessTimeoutMs, unwitnessedMsMax }: ServerSettings,
  interfaceSystem: InterfaceSystemPort,
): WitnessLoop | undefined {
  if (ledger === undefined) return undefined;
  const witness = coreAsWitness(id, deployment, core, interfaceSystem);
  return new WitnessLoop({
    ledger,
    keys: () => identity?.keys ?? [],
    witnesses: () => [witness],
    intervalMs: witnessEveryMs,
    askTimeoutMs: witnessTimeoutMs,
    unwitnessedMsMax,
    onTrouble: ({ code }) => log.warn('the log could not be witnessed', { code }),
  });
}
