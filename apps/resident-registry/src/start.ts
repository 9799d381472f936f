import { Module } from '@nestjs/common';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import { numberCommands, openParty, type Party, Recorder, residentCommands } from '#libs/commands';
import { logEventTypes, numberingEventTypes } from '#libs/domain';
import type { StoreLocation } from '#libs/event-store';
import { DomainError, EventRegistry } from '#libs/kernel';
import { coreAsWitness, LedgerModule, measureLedger, withAuditors, WitnessLoop } from '#libs/ledger-service';
import { type Clock, createHttpApp, type Log, TokenSigner, TokenVerifier } from '#libs/platform';
import { DEPLOYMENT_DEFAULT, addressesOf, type CorePort, DirectoryCache, HttpCorePort, keysOf, Peers, type PinnedCore } from '#libs/protocol';
import { RegistryController } from './registry.controller.js';
import { type RegistryParts, ResidentRegistryService } from './registry.service.js';

/** How the registry has its log witnessed. */
export interface WitnessSettings {
  /** Pause between two looks at whether the core has cosigned the newest checkpoint. */
  readonly everyMs: number;
  /** How long the core may take to answer. */
  readonly timeoutMs: number;
  /** How long entries may wait for a cosignature before health warns. */
  readonly unwitnessedMsMax: number;
}
const WITNESS_SETTINGS: WitnessSettings = { everyMs: 1_000, timeoutMs: 5_000, unwitnessedMsMax: 5 * 60_000 };

export interface ResidentRegistryOptions {
  readonly id: string;
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly core: PinnedCore;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Where its record is; embedded in the data directory where it is left out. */
  readonly store?: StoreLocation;
  /** First part of the origin of every log, `renkei.example` where left out: the same at all servers. */
  readonly deployment?: string;
  /** Ed25519 public keys (base64url) of those who may read the log's entries, by name; each reading is recorded. */
  readonly auditors?: Readonly<Record<string, string>>;
  /** For measuring, in one process only: no ledger is kept. */
  readonly withoutLedger?: true;
  readonly witness?: Partial<WitnessSettings>;
  /** Way to the core in this process, instead of HTTP. */
  readonly corePort?: CorePort;
}

export interface RunningResidentRegistry {
  readonly id: string;
  readonly url: string;
  readonly service: ResidentRegistryService;
  readonly party: Party;
  /** What the core must know of it: its Ed25519 public key, base64url. */
  readonly signingKey: { readonly keyId: string; readonly publicKey: string };
  /** Verifier key (C2SP signed-note) of its log, the newest where two sign; undefined without a ledger. */
  readonly ledgerKey: string | undefined;
  readonly directory: DirectoryCache;
  close(): Promise<void>;
}

/** Starts the registry: record, log and keys (made at the first start), directory, HTTP, witnessing. Rejects with nothing left open. */
export async function startResidentRegistry(options: ResidentRegistryOptions): Promise<RunningResidentRegistry> {
  const { id, clock, log, dataDirectory, keysDirectory, store, deployment = DEPLOYMENT_DEFAULT, withoutLedger } = options;
  const party = await openParty({
    dataDirectory,
    keysDirectory,
    store,
    events: new EventRegistry([...numberingEventTypes, ...logEventTypes]),
    log: { deployment, party: id, now: () => clock.now() },
    ...(withoutLedger === undefined ? {} : { withoutLedger }),
    onTrouble: (code) => log.error('the ledger has trouble', { code }),
  });
  try {
    return await serve(party, { ...options, deployment });
  } catch (error) {
    await party.close();
    throw error;
  }
}

async function serve(party: Party, options: ResidentRegistryOptions & { readonly deployment: string }): Promise<RunningResidentRegistry> {
  const { id, core, clock, log } = options;
  const { signing } = party;
  const peers: Peers = new Peers(new TokenSigner({ issuer: id, keyId: signing.keyId, privateKey: signing.privateKey }), (server) => addressOf(server));
  const corePort = options.corePort ?? new HttpCorePort(peers.post(core.id));
  const directory = new DirectoryCache(
    () => corePort.directory(id),
    (error) => log.warn('the directory could not be read', { code: error instanceof DomainError ? error.code : 'INTERNAL' }),
  );
  const addressOf = addressesOf(core, directory);
  const witnessing = witnessingOf(party, options, corePort);
  const http = await createHttpApp(moduleOf({ id, party, core: corePort, directory, clock }), {
    title: `Renkei resident registry (${id})`,
    description: '住民基本台帳ネットワーク: numbering, and the way of an acquisition number to the core. Holds individual numbers, never an identifier.',
    version: '1',
    host: options.host,
    port: options.port,
    log,
    tokens: new TokenVerifier({ audience: id, keyOf: withAuditors(keysOf(core, directory), options.auditors) }),
    readiness: { directory: () => directory.isKnown, ledger: async () => void (await party.ledger?.integrated(party.recorder.newest)) },
    drain: [async () => witnessing?.stop(), () => peers.close(), () => party.close()],
  });
  if (party.ledger) measureLedger(http.metrics, party.ledger);
  if (witnessing) http.health.warn(() => witnessing.warnings());
  await directory.start();
  witnessing?.start();
  return {
    id,
    url: http.address,
    service: http.nest.get(ResidentRegistryService),
    party,
    signingKey: { keyId: signing.keyId, publicKey: signing.publicText },
    ledgerKey: party.log?.keys.at(-1),
    directory,
    close: async () => {
      directory.stop();
      await http.close();
    },
  };
}

function moduleOf(parts: Omit<RegistryParts, 'bus'>) {
  const { store, recorder, log, ledger } = parts.party;
  @Module({
    imports: [CqrsModule.forRoot(), ...(ledger === undefined ? [] : [LedgerModule.of({ store, recorder, log, ledger }, parts.clock)])],
    controllers: [RegistryController],
    providers: [
      { provide: Recorder, useValue: recorder },
      numberCommands.Handler,
      residentCommands.Handler,
      { provide: ResidentRegistryService, inject: [CommandBus], useFactory: (bus: CommandBus) => new ResidentRegistryService({ ...parts, bus }) },
    ],
  })
  class ResidentRegistryModule {}
  return ResidentRegistryModule;
}

/** Has the core cosign the registry's log; undefined where none is kept. */
function witnessingOf(
  { ledger, log: identity }: Party,
  { id, core, deployment, log, witness: chosen }: ResidentRegistryOptions & { readonly deployment: string },
  corePort: CorePort,
): WitnessLoop | undefined {
  if (ledger === undefined) return undefined;
  const { everyMs, timeoutMs, unwitnessedMsMax } = { ...WITNESS_SETTINGS, ...chosen };
  const witness = coreAsWitness(id, deployment, core, corePort);
  return new WitnessLoop({
    ledger,
    keys: () => identity?.keys ?? [],
    witnesses: () => [witness],
    intervalMs: everyMs,
    askTimeoutMs: timeoutMs,
    unwitnessedMsMax,
    onTrouble: ({ code }) => log.warn('the log could not be witnessed', { code }),
  });
}
