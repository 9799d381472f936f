import { join } from 'node:path';
import type { StoreLocation } from '#libs/event-store';
import { type Clock, createHttpApp, type HttpApp, type Log, TokenSigner, TokenVerifier } from '#libs/platform';
import { withAuditors } from '#libs/ledger-service';
import { DEPLOYMENT_DEFAULT, type InterfaceSystemPort } from '#libs/protocol';
import { areReachable, type ModelsDatabase, type ReadModels } from '#libs/read-models';
import { CORE } from './core-parts.js';
import { CoreModule } from './core.module.js';
import { CoreService } from './core-service.js';
import { OwnWitnesses } from './log/own-witnesses.js';
import { HttpInterfaceSystems, InProcessInterfaceSystems } from './notifier/interface-systems.js';
import { Notifier } from './notifier/notifier.js';
import { ReadModelOpenExchanges } from './notifier/open-exchanges.js';
import { coreKeys, openCore, type OpenedCore } from './open-core.js';
import { CoreOperations } from './operations/core-operations.js';
import { CoreRecords } from './records/core-records.js';
import { ReconciliationReactor } from './reconciliation/reconciliation-reactor.js';
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
  /** First part of the origin of every log, `renkei.example` where left out. */
  readonly deployment?: string;
  /** Ed25519 public keys (base64url) of those who may read the log's entries, by name; each reading is recorded. */
  readonly auditors?: Readonly<Record<string, string>>;
  /** For measuring, in one process only: no ledger is kept, and no answer carries a proof. */
  readonly withoutLedger?: true;
  /** The database of its read models; SQLite files in the data directory where it is left out. */
  readonly readModels?: ModelsDatabase;
  /** Where its record is; embedded in the data directory where it is left out. */
  readonly store?: StoreLocation;
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
  /** Verifier key (C2SP signed-note) of the core's log, the newest where two sign; undefined without a ledger. */
  readonly ledgerKey: string | undefined;
  /** How the driving of exchanges goes: counts only are of use outside. */
  readonly notifier: Notifier;
  /** One round of the notifier now: after the clock was moved, what has lapsed is recorded when it resolves. */
  tick(): Promise<void>;
  /** Asks the interface systems now to cosign the log; resolves when those asked have answered or failed. */
  witness(): Promise<void>;
  /** Holds the three records of ended exchanges against each other, behind all else. */
  readonly reconciliation: ReconciliationReactor;
  close(): Promise<void>;
}

/** Starts the core: record, keys, register, read models, notifier, HTTP. Rejects with nothing left open. */
export async function startCore(options: CoreOptions): Promise<RunningCore> {
  const { deployment = DEPLOYMENT_DEFAULT } = options;
  const settings = { ...CORE_SETTINGS, ...options.settings };
  const opened = await openCore({ ...options, settings, deployment });
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
  const reconciledFile = join(options.dataDirectory, 'reconciled.json');
  const running: { stop(): Promise<void> }[] = [];
  const http: HttpApp = await createHttpApp(CoreModule.of({ parts, models, openExchanges, interfaceSystems, log, reconciledFile }), {
    title: 'Renkei core',
    description: 'コアシステム: decides queries under the law, issues identifiers, drives each exchange to its end, keeps the central record.',
    version: '1',
    host: options.host,
    port: options.port,
    log,
    tokens: new TokenVerifier({
      audience: CORE,
      keyOf: withAuditors(coreKeys(parts.register, new Map(Object.entries(options.operators))), options.auditors),
    }),
    readiness: { record: async () => (await parts.store.lastPosition()) >= 0n, 'read-models': () => areReachable(models) },
    drain: [
      async () => void (await Promise.all(running.map((part) => part.stop()))),
      () => interfaceSystems.close(),
      () => models.close(),
      () => party.close(),
    ],
  });
  const notifier = http.nest.get(Notifier);
  const witnesses = http.nest.get(OwnWitnesses);
  const reconciliation = http.nest.get(ReconciliationReactor);
  running.push(notifier, witnesses, reconciliation);
  try {
    await notifier.start();
    witnesses.start();
    // without a ledger there is nothing to prove a record by
    if (party.ledger !== undefined) await reconciliation.start();
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
    ledgerKey: party.log?.keys.at(-1),
    tick: () => notifier.tick(),
    witness: () => witnesses.round(),
    reconciliation,
    close: () => http.close(),
  };
}
