import { Module } from '@nestjs/common';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import { numberCommands, openParty, type Party, Recorder, residentCommands } from '#libs/commands';
import { numberingEventTypes } from '#libs/domain';
import { DomainError, EventRegistry } from '#libs/kernel';
import { type Clock, createHttpApp, type Log, TokenSigner, TokenVerifier } from '#libs/platform';
import { addressesOf, type CorePort, DirectoryCache, HttpCorePort, keysOf, Peers, type PinnedCore } from '#libs/protocol';
import { RegistryController } from './registry.controller.js';
import { ResidentRegistryService } from './registry.service.js';

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
  readonly directory: DirectoryCache;
  close(): Promise<void>;
}

/** Starts the registry: record and keys (made at the first start), directory, HTTP. */
export async function startResidentRegistry(options: ResidentRegistryOptions): Promise<RunningResidentRegistry> {
  const { id, core, clock, log } = options;
  const { dataDirectory, keysDirectory } = options;
  const party = await openParty({ dataDirectory, keysDirectory, events: new EventRegistry([...numberingEventTypes]) });
  const { signing } = party;
  const peers: Peers = new Peers(new TokenSigner({ issuer: id, keyId: signing.keyId, privateKey: signing.privateKey }), (server) => addressOf(server));
  const corePort = options.corePort ?? new HttpCorePort(peers.post(core.id));
  const directory = new DirectoryCache(
    () => corePort.directory(id),
    (error) => log.warn('the directory could not be read', { code: error instanceof DomainError ? error.code : 'INTERNAL' }),
  );
  const addressOf = addressesOf(core, directory);

  @Module({
    imports: [CqrsModule.forRoot()],
    controllers: [RegistryController],
    providers: [
      { provide: Recorder, useValue: party.recorder },
      numberCommands.Handler,
      residentCommands.Handler,
      {
        provide: ResidentRegistryService,
        inject: [CommandBus],
        useFactory: (bus: CommandBus) => new ResidentRegistryService({ id, party, bus, core: corePort, directory, clock }),
      },
    ],
  })
  class ResidentRegistryModule {}

  try {
    const http = await createHttpApp(ResidentRegistryModule, {
      title: `Renkei resident registry (${id})`,
      description: '住民基本台帳ネットワーク: numbering, and the way of an acquisition number to the core. Holds individual numbers, never an identifier.',
      version: '1',
      host: options.host,
      port: options.port,
      log,
      tokens: new TokenVerifier({ audience: id, keyOf: keysOf(core, directory) }),
      readiness: { directory: () => directory.isKnown },
      drain: [() => peers.close(), () => party.close()],
    });
    await directory.start();
    const close = async (): Promise<void> => {
      directory.stop();
      await http.close();
    };
    const signingKey = { keyId: signing.keyId, publicKey: signing.publicText };
    return { id, url: http.address, service: http.nest.get(ResidentRegistryService), party, signingKey, directory, close };
  } catch (error) {
    await party.close();
    throw error;
  }
}
