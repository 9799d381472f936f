import { type Clock, createHttpApp, type HttpApp, type Log, TokenSigner, TokenVerifier } from '#libs/platform';
import type { InterfaceSystemPort } from '#libs/protocol';
import type { ReadModels } from '#libs/read-models';
import { CORE } from './core-parts.js';
import { CoreModule } from './core.module.js';
import { CoreService } from './core-service.js';
import { HttpInterfaceSystems, InProcessInterfaceSystems } from './notifier/interface-systems.js';
import { Notifier } from './notifier/notifier.js';
import { ReadModelOpenExchanges } from './notifier/open-exchanges.js';
import { coreKeys, openCore, type OpenedCore } from './open-core.js';
import { CoreOperations } from './operations/core-operations.js';
import { CoreRecords } from './records/core-records.js';
import { CORE_SETTINGS, type CoreSettings } from './settings.js';

export interface CoreOptions {
  /** The core's own: `event-store/` and `read-models/` are in it. */
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Ed25519 public keys (base64url) of those who may operate it, by name. */
  readonly operators: Readonly<Record<string, string>>;
  readonly settings?: Partial<CoreSettings>;
  /** Ways to interface systems in this process, instead of HTTP. */
  readonly interfaceSystem?: (id: string) => InterfaceSystemPort | undefined;
}

export interface RunningCore {
  readonly id: string;
  readonly url: string;
  readonly service: CoreService;
  readonly operations: CoreOperations;
  readonly records: CoreRecords;
  readonly models: ReadModels;
  readonly party: OpenedCore['party'];
  /** What others pin. */
  readonly signingKey: { readonly keyId: string; readonly publicKey: string };
  /** How the driving of exchanges goes: counts only are of use outside. */
  readonly notifier: Notifier;
  /** One round of the notifier now: after the clock was moved, what has lapsed is recorded when it resolves. */
  tick(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the core: record, keys, register, read models, notifier, HTTP. Rejects with nothing left open. */
export async function startCore(options: CoreOptions): Promise<RunningCore> {
  const { clock, log, dataDirectory, keysDirectory } = options;
  const opened = await openCore({ dataDirectory, keysDirectory, clock, log, settings: { ...CORE_SETTINGS, ...options.settings } });
  try {
    return await serve(opened, options);
  } catch (error) {
    await opened.models.close();
    await opened.party.close();
    throw error;
  }
}

async function serve({ party, parts, models }: OpenedCore, options: CoreOptions): Promise<RunningCore> {
  const { log } = options;
  const { signing } = party;
  const signer = new TokenSigner({ issuer: CORE, keyId: signing.keyId, privateKey: signing.privateKey });
  const interfaceSystems = options.interfaceSystem ? new InProcessInterfaceSystems(options.interfaceSystem) : new HttpInterfaceSystems(parts.register, signer);
  const openExchanges = new ReadModelOpenExchanges(models, parts.store);
  const running: Notifier[] = [];
  const http: HttpApp = await createHttpApp(CoreModule.of({ parts, models, openExchanges, interfaceSystems, log }), {
    title: 'Renkei core',
    description: 'コアシステム: decides queries under the law, issues identifiers, drives each exchange to its end, keeps the central record.',
    version: '1',
    host: options.host,
    port: options.port,
    log,
    tokens: new TokenVerifier({ audience: CORE, keyOf: coreKeys(parts.register, new Map(Object.entries(options.operators))) }),
    readiness: { record: async () => (await parts.store.lastPosition()) >= 0n },
    drain: [
      async () => void (await Promise.all(running.map((notifier) => notifier.stop()))),
      () => interfaceSystems.close(),
      () => models.close(),
      () => party.close(),
    ],
  });
  const notifier = http.nest.get(Notifier);
  running.push(notifier);
  try {
    await notifier.start();
  } catch (error) {
    await http.close();
    throw error;
  }
  return {
    id: CORE,
    url: http.address,
    service: http.nest.get(CoreService),
    operations: http.nest.get(CoreOperations),
    records: http.nest.get(CoreRecords),
    notifier,
    models,
    party,
    signingKey: { keyId: signing.keyId, publicKey: signing.publicText },
    tick: () => notifier.tick(),
    close: () => http.close(),
  };
}
