import { Module } from '@nestjs/common';
import { publicKeyOf, SigningKey, TransportKey, TransportSealer } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { KnownLogs, parseOrigin } from '#libs/ledger';
import { type Clock, createHttpApp, type Log, TokenSigner, TokenVerifier, WallClock } from '#libs/platform';
import {
  DEPLOYMENT_DEFAULT,
  addressesOf,
  type CorePort,
  DirectoryCache,
  HttpCorePort,
  HttpInterfaceSystemPort,
  HttpIntermediateServerPort,
  type InterfaceSystemPort,
  type IntermediateServerPort,
  keysOf,
  Peers,
  type PinnedCore,
} from '#libs/protocol';
import { CoreFacingController, OutgoingController, PeerController, WitnessController } from './interface-system.controllers.js';
import { InterfaceSystemService } from './interface-system.service.js';
import { CoreLog } from './ledger/core-log.js';
import { CoreWitness } from './ledger/core-witness.js';
import { PartyLogs } from './ledger/party-logs.js';
import type { VerifiedLogs } from './ledger/proof-checks.js';
import { Refusals } from './ledger/refusals.js';

export interface InterfaceSystemOptions {
  readonly id: string;
  /** What it verified of the core's log (`known-logs.json`), keys that an operator trusts (`trusted-keys`), `evidence/` of contradictions. */
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly core: PinnedCore;
  /** First part of the origin of every log (`renkei.example` where it is left out). */
  readonly deployment?: string;
  /** The wall clock where it is left out. */
  readonly clock?: Clock;
  /** For measuring, in one process only: no proof is demanded and none verified. */
  readonly withoutLedger?: true;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
  /** Ways to others in this process, instead of HTTP. */
  readonly ways?: {
    readonly core?: CorePort;
    readonly intermediateServer?: (id: string) => IntermediateServerPort | undefined;
    readonly interfaceSystem?: (id: string) => InterfaceSystemPort | undefined;
  };
}

export interface RunningInterfaceSystem {
  readonly id: string;
  readonly url: string;
  readonly service: InterfaceSystemService;
  /** What the core must know of it: Ed25519 and X25519 public keys, base64url. */
  readonly keys: { readonly signing: { readonly keyId: string; readonly publicKey: string }; readonly transport: string };
  readonly directory: DirectoryCache;
  /** What it has verified of the core's log; undefined without a ledger. */
  readonly known: KnownLogs | undefined;
  close(): Promise<void>;
}

/** A value a key, made at first use. */
function remembered<T>(make: (id: string) => T): (id: string) => T {
  const known = new Map<string, T>();
  return (id) => {
    const found = known.get(id) ?? make(id);
    known.set(id, found);
    return found;
  };
}

/** Throws CORE_LEDGER_KEY where the pinned key is not one of a log of this deployment. */
async function openKnownLogs({ dataDirectory, core, log, deployment = DEPLOYMENT_DEFAULT }: InterfaceSystemOptions): Promise<KnownLogs> {
  const name = parseOrigin(core.ledgerKey.split('+')[0] ?? '')?.log;
  if (name === undefined || !name.startsWith(`${deployment}/`)) {
    throw new DomainError('CORE_LEDGER_KEY', 'invalid', "the core's verifier key is not one of a log of this deployment", { field: 'ledgerKey' });
  }
  return KnownLogs.open(dataDirectory, { pinned: [core.ledgerKey], onTrouble: (code) => log.warn('what is known of the logs', { code }) });
}

/** Starts an interface system: keys (made at the first start), what it has verified, directory, HTTP. Rejects where one of them cannot be had. */
export async function startInterfaceSystem(options: InterfaceSystemOptions): Promise<RunningInterfaceSystem> {
  const { id, core, log, ways, deployment = DEPLOYMENT_DEFAULT } = options;
  const signing = SigningKey.openOrCreate(options.keysDirectory);
  const transport = TransportKey.openOrCreate(options.keysDirectory);
  const signer = new TokenSigner({ issuer: id, keyId: signing.keyId, privateKey: signing.privateKey });

  const peers: Peers = new Peers(signer, (server) => addressOf(server));
  const corePort = ways?.core ?? new HttpCorePort(peers.post(core.id));
  const directory = new DirectoryCache(
    () => corePort.directory(id),
    (error) => log.warn('the directory could not be read', { code: codeOf(error) }),
  );
  const addressOf = addressesOf(core, directory);

  const peerKeys = remembered((text) => publicKeyOf(text, 'X25519', 'transportKey'));
  const sealer = new TransportSealer({
    self: id,
    key: transport,
    peerKey: (peer) => {
      const text = peer === id ? transport.publicText : directory.serverNow(peer)?.transportKey;
      return text === undefined ? undefined : peerKeys(text);
    },
  });
  const known = options.withoutLedger ? undefined : await openKnownLogs(options);
  const refusals = new Refusals(log);
  const logs = known && logsOf();
  function logsOf(): VerifiedLogs {
    const coreLog = new CoreLog({ id, core: corePort, known: known as KnownLogs, ledgerKey: core.ledgerKey, refusals });
    return { core: coreLog, parties: new PartyLogs(deployment, directory), witness: new CoreWitness(`${deployment}/${id}`, signing, coreLog) };
  }
  const service = new InterfaceSystemService({
    id,
    coreId: core.id,
    core: corePort,
    directory,
    sealer,
    logs,
    refusals,
    clock: options.clock ?? new WallClock(),
    log,
    intermediateServer: remembered((server) => ways?.intermediateServer?.(server) ?? new HttpIntermediateServerPort(peers.post(server))),
    interfaceSystem: remembered((server): InterfaceSystemPort =>
      server === id ? service : (ways?.interfaceSystem?.(server) ?? new HttpInterfaceSystemPort(peers.post(server))),
    ),
  });

  @Module({
    controllers: [OutgoingController, CoreFacingController, PeerController, WitnessController],
    providers: [{ provide: InterfaceSystemService, useValue: service }],
  })
  class InterfaceSystemModule {}

  const http = await createHttpApp(InterfaceSystemModule, {
    title: `Renkei interface system (${id})`,
    description: 'インターフェイスシステム: the only one that talks to the core and to other agencies, on behalf of the intermediate servers behind it.',
    version: '1',
    host: options.host,
    port: options.port,
    log,
    tokens: new TokenVerifier({ audience: id, keyOf: keysOf(core, directory) }),
    readiness: { directory: () => directory.isKnown },
    drain: [() => peers.close()],
  });
  refusals.measureIn(http.metrics);
  await directory.start();
  return {
    id,
    url: http.address,
    service,
    directory,
    known,
    keys: { signing: { keyId: signing.keyId, publicKey: signing.publicText }, transport: transport.publicText },
    close: async () => {
      directory.stop();
      await http.close();
    },
  };
}

const codeOf = (error: unknown): string => (error instanceof DomainError ? error.code : 'INTERNAL');
