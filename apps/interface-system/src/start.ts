import { Module } from '@nestjs/common';
import { publicKeyOf, SigningKey, TransportKey, TransportSealer } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { createHttpApp, type Log, TokenSigner, TokenVerifier } from '#libs/platform';
import {
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
import { CoreFacingController, OutgoingController, PeerController } from './interface-system.controllers.js';
import { InterfaceSystemService } from './interface-system.service.js';

export interface InterfaceSystemOptions {
  readonly id: string;
  readonly keysDirectory: string;
  readonly core: PinnedCore;
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

/** Starts an interface system: keys (made at the first start), directory, HTTP. Rejects where the port or the keys cannot be had. */
export async function startInterfaceSystem(options: InterfaceSystemOptions): Promise<RunningInterfaceSystem> {
  const { id, core, log, ways } = options;
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
  const service = new InterfaceSystemService({
    id,
    coreId: core.id,
    core: corePort,
    directory,
    sealer,
    log,
    intermediateServer: remembered((server) => ways?.intermediateServer?.(server) ?? new HttpIntermediateServerPort(peers.post(server))),
    interfaceSystem: remembered((server): InterfaceSystemPort =>
      server === id ? service : (ways?.interfaceSystem?.(server) ?? new HttpInterfaceSystemPort(peers.post(server))),
    ),
  });

  @Module({
    controllers: [OutgoingController, CoreFacingController, PeerController],
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
  await directory.start();
  return {
    id,
    url: http.address,
    service,
    directory,
    keys: { signing: { keyId: signing.keyId, publicKey: signing.publicText }, transport: transport.publicText },
    close: async () => {
      directory.stop();
      await http.close();
    },
  };
}

const codeOf = (error: unknown): string => (error instanceof DomainError ? error.code : 'INTERNAL');
