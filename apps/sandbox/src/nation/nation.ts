import { randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { join } from 'node:path';
import { type RunningCore, startCore } from '#apps/core';
import { type RunningInterfaceSystem, startInterfaceSystem } from '#apps/interface-system';
import { type KafkaOptions, type RunningIntermediateServer, startIntermediateServer } from '#apps/intermediate-server';
import { type RunningResidentRegistry, startResidentRegistry } from '#apps/resident-registry';
import { AgencyClient } from '#libs/agency-sdk';
import { SigningKey, TransportKey } from '#libs/cryptography';
import { type EventStore, storeLocation, type StoreLocation } from '#libs/event-store';
import { type Clock, Log, type LogLevel, SandboxClock, ServiceClient, TokenSigner } from '#libs/platform';
import type { PinnedCore } from '#libs/protocol';
import type { ModelsDatabase } from '#libs/read-models';
import { referenceServers } from '#libs/reference-data';
import { type CastAgency } from '../cast/agencies.js';
import { prepareDirectory } from '../data-directory.js';
import type { RecordKeepers } from '../records/three-records.js';
import { AgencyKeys } from './agency-keys.js';
import { allotPorts, isTakenPort } from './ports.js';

export const CORE = 'core';
export const REGISTRY = 'registry';
export const PORTAL = 'portal';
export const OPERATOR = 'operator';
export const AUDITOR = 'auditor';
/** First part of the origin of every log (format.md §9). */
export const DEPLOYMENT = 'sandbox.renkei.example';
const HOST = '127.0.0.1';
/** Starts on other ports, where another process took one at the last moment. */
const STARTS_TRIED_MAX = 5;

/** The seed's May 2020: its law is in force then. */
export const STARTS_AT = '2020-05-08T09:00:00+09:00';

export interface NationOptions {
  readonly directory: string;
  /** First port; 0 takes any free ones. */
  readonly basePort: number;
  /** First instant of a sandbox that is new. */
  readonly startsAt?: string;
  readonly logLevel?: LogLevel;
  /** How the servers reach each other: over HTTP with tokens, or by calls in this process. Agencies always use HTTP. */
  readonly between?: 'http' | 'in-process';
  /** Connection string of an EventStoreDB for every party's record; embedded in the directory where it is left out. */
  readonly eventStore?: string | undefined;
  /** A database for the read models of the core and of the intermediate servers; SQLite in the directory where it is left out. */
  readonly readModels?: ModelsDatabase | undefined;
  /** Where the intermediate servers publish their feeds besides HTTP. */
  readonly kafka?: KafkaOptions | undefined;
  /** For measuring what the ledger costs: nothing is proved, nothing is verified. */
  readonly withoutLedger?: true;
}

const interfaceSystems = () => referenceServers().filter(({ kind }) => kind === 'interface-system');
const intermediateServers = () => referenceServers().filter(({ kind }) => kind === 'intermediate-server');

/** Every system of the network, running together in one process, each with a store, with data, keys and address of its own. */
export class Nation {
  readonly #clients = new Map<string, AgencyClient>();
  readonly #services = new Map<string, ServiceClient>();
  readonly #log: { readonly log: Log; close(): Promise<void> };
  core!: RunningCore;
  registry!: RunningResidentRegistry;
  readonly interfaceSystems = new Map<string, RunningInterfaceSystem>();
  readonly intermediateServers = new Map<string, RunningIntermediateServer>();
  readonly keys: AgencyKeys;
  readonly operatorKey: SigningKey;
  readonly portalKey: SigningKey;
  readonly auditorKey: SigningKey;

  private constructor(
    private readonly options: NationOptions,
    readonly clock: SandboxClock,
    private readonly ports: ReadonlyMap<string, number>,
  ) {
    this.#log = logInto(join(options.directory, 'sandbox.log'), options.logLevel ?? 'warn');
    this.keys = AgencyKeys.openOrCreate(this.keysOf(''));
    this.operatorKey = SigningKey.openOrCreate(this.keysOf(OPERATOR));
    this.portalKey = SigningKey.openOrCreate(this.keysOf(PORTAL));
    this.auditorKey = SigningKey.openOrCreate(this.keysOf(AUDITOR));
  }

  /** Starts all servers; the core knows of them before they speak. Rejects with nothing left open. */
  static async start(options: NationOptions): Promise<Nation> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await Nation.#startOn(options);
      } catch (error) {
        if (!isTakenPort(error) || attempt === STARTS_TRIED_MAX) throw error;
      }
    }
  }

  static async #startOn(options: NationOptions): Promise<Nation> {
    const { directory } = options;
    prepareDirectory(join(directory, 'parties'));
    const names = [CORE, REGISTRY, ...interfaceSystems().map(({ id }) => id), ...intermediateServers().map(({ id }) => id)];
    const ports = await allotPorts(names, options.basePort);
    const clock = SandboxClock.open({ file: join(directory, 'clock.json'), startsAt: options.startsAt ?? STARTS_AT });
    const nation = new Nation(options, clock, ports);
    try {
      await nation.#startServers();
      return nation;
    } catch (error) {
      await nation.close();
      throw error;
    }
  }

  get directory(): string {
    return this.options.directory;
  }

  async #startServers(): Promise<void> {
    const { between = 'http' } = this.options;
    const local = between === 'in-process';
    const { log } = this.#log;
    const clock: Clock = this.clock;
    this.core = await startCore({
      ...this.#places(CORE),
      ...this.#models(),
      ...this.#ofTheLog(),
      clock,
      log,
      operators: { [OPERATOR]: this.operatorKey.publicText },
      ...(local ? { interfaceSystem: (id: string) => this.interfaceSystems.get(id)?.service } : {}),
    });
    await this.#registerServers();
    const core = this.#pinnedCore();
    const service = this.core.service;
    for (const { id } of interfaceSystems()) {
      const ways = {
        core: service,
        intermediateServer: (server: string) => this.intermediateServers.get(server)?.service,
        interfaceSystem: (other: string) => this.interfaceSystems.get(other)?.service,
      };
      const running = await startInterfaceSystem({ id, ...this.#places(id), ...this.#ofTheLog(), core, clock, log, ...(local ? { ways } : {}) });
      this.interfaceSystems.set(id, running);
    }
    for (const { id } of intermediateServers()) await this.#startIntermediateServer(id, core);
    const registry = { id: REGISTRY, ...this.#places(REGISTRY), ...this.#ofTheLog(), core, clock, log };
    this.registry = await startResidentRegistry({ ...registry, ...(local ? { corePort: service } : {}) });
  }

  async #startIntermediateServer(id: string, core: PinnedCore): Promise<void> {
    const behind = referenceServers().find((server) => server.id === id)?.behind ?? '';
    const interfaceSystem = this.interfaceSystems.get(behind)?.service;
    const { log } = this.#log;
    const ways = this.options.between === 'in-process' && interfaceSystem ? { ways: { core: this.core.service, interfaceSystem } } : {};
    const own = {
      id,
      ...this.#places(id),
      ...this.#models(),
      ...this.#ofTheLog(),
      core,
      operators: { [OPERATOR]: this.operatorKey.publicText },
      interfaceSystem: behind,
      clock: this.clock,
      log,
      kafka: this.options.kafka,
    };
    const running = await startIntermediateServer({ ...own, ...ways });
    this.intermediateServers.set(id, running);
  }

  /** Each server's address and keys, as an operator enters them at the core; again at each start, for addresses may change. */
  async #registerServers(): Promise<void> {
    const entry = (id: string, kind: 'interface-system' | 'intermediate-server' | 'resident-registry' | 'disclosure-portal') => {
      const signing = SigningKey.openOrCreate(this.keysOf(id));
      const transport = kind === 'interface-system' ? TransportKey.openOrCreate(this.keysOf(id)).publicText : undefined;
      return {
        id,
        kind,
        url: `http://${HOST}:${this.ports.get(id) ?? 1}`,
        signingKeyId: signing.keyId,
        signingKey: signing.publicText,
        ...(transport === undefined ? {} : { transportKeyId: 'current', transportKey: transport }),
      };
    };
    const outcomes = await this.core.operations.registerServers([
      ...interfaceSystems().map(({ id }) => entry(id, 'interface-system')),
      ...intermediateServers().map(({ id }) => entry(id, 'intermediate-server')),
      entry(REGISTRY, 'resident-registry'),
      entry(PORTAL, 'disclosure-portal'),
    ]);
    for (const outcome of outcomes) if (!outcome.ok) throw new Error(`a server could not be registered: ${outcome.problem.code}`);
  }

  keysOf(id: string): string {
    return join(this.options.directory, 'keys', id);
  }
  /**
   * What every other server is told of the core by its operator: at the first start. A core that comes back with another
   * key or epoch is refused until an operator says otherwise.
   */
  #pinnedCore(): PinnedCore {
    const { ledgerKey: current } = this.core;
    const ledgerKey = current === undefined ? '' : readOrWrite(join(this.options.directory, 'core-ledger-key'), current);
    return { id: CORE, url: this.core.url, publicKey: this.core.signingKey.publicKey, ledgerKey };
  }
  #ofTheLog() {
    const { withoutLedger } = this.options;
    return { deployment: DEPLOYMENT, auditors: { [AUDITOR]: this.auditorKey.publicText }, ...(withoutLedger ? { withoutLedger } : {}) };
  }
  #models() {
    const { readModels } = this.options;
    return readModels === undefined ? {} : { readModels };
  }
  /** Several nations may be on one server, each under a name of its own. */
  #storeOf(id: string, dataDirectory: string): StoreLocation {
    const { eventStore, directory } = this.options;
    const name = eventStore === undefined ? '' : readOrWrite(join(directory, 'event-store-name'), `sandbox-${randomUUID()}`);
    return storeLocation(eventStore, dataDirectory, name, id);
  }
  #places(id: string) {
    const dataDirectory = join(this.options.directory, 'parties', id);
    return {
      dataDirectory,
      store: this.#storeOf(id, dataDirectory),
      keysDirectory: this.keysOf(id),
      host: HOST,
      port: this.ports.get(id) ?? 0,
    };
  }

  /** Every server reads the directory again: after agencies were registered. */
  async refreshDirectories(): Promise<void> {
    const all = [this.registry, ...this.interfaceSystems.values(), ...this.intermediateServers.values()];
    await Promise.all(all.map(({ directory }) => directory.refresh()));
  }

  /** The way of an agency's existing system to its intermediate server. */
  client(agency: CastAgency): AgencyClient {
    const known = this.#clients.get(agency.code);
    if (known) return known;
    const server = this.intermediateServers.get(agency.server);
    if (!server) throw new Error(`agency ${agency.code} is on no server`);
    const { keyId, privateKey } = this.keys.of(agency.code);
    const client = new AgencyClient({ baseUrl: server.url, server: server.id, agency: agency.code, keyId, privateKey });
    this.#clients.set(agency.code, client);
    return client;
  }

  /** An agency's terminal at the registry. */
  terminal(agency: { readonly code: string }): ServiceClient {
    const { keyId, privateKey } = this.keys.of(agency.code);
    return this.#service(`${REGISTRY} ${agency.code}`, REGISTRY, this.registry.url, new TokenSigner({ issuer: agency.code, keyId, privateKey }));
  }
  /** The disclosure portal's server at the core. */
  portal(): ServiceClient {
    const { keyId, privateKey } = this.portalKey;
    return this.#service('portal', CORE, this.core.url, new TokenSigner({ issuer: PORTAL, keyId, privateKey }));
  }
  /** The core's operator. */
  operator(): ServiceClient {
    const { keyId, privateKey } = this.operatorKey;
    return this.#service('operator', CORE, this.core.url, new TokenSigner({ issuer: OPERATOR, keyId, privateKey }));
  }
  /** An auditor, at any server that keeps a log. */
  auditor(server: { readonly id: string; readonly url: string }): ServiceClient {
    const { keyId, privateKey } = this.auditorKey;
    return this.#service(`auditor ${server.id}`, server.id, server.url, new TokenSigner({ issuer: AUDITOR, keyId, privateKey }));
  }
  #service(name: string, audience: string, address: string, signer: TokenSigner): ServiceClient {
    const known = this.#services.get(name);
    if (known) return known;
    const client = new ServiceClient({ address, audience, signer });
    this.#services.set(name, client);
    return client;
  }

  /** An intermediate server's store, keys and recorder: for faults that no interface lets in. */
  partyOf(server: string): RunningIntermediateServer['party'] {
    const running = this.intermediateServers.get(server);
    if (!running) throw new Error(`${server} does not run`);
    return running.party;
  }

  /** Where the three records of an exchange lie. */
  keepers(requester: CastAgency, provider: CastAgency): RecordKeepers {
    const storeOf = ({ server }: CastAgency): EventStore => this.intermediateServers.get(server)?.party.store ?? this.core.party.store;
    return { requester: storeOf(requester), core: this.core.party.store, provider: storeOf(provider) };
  }

  /** Moves the business clock forward, and lets every server do what has become due. */
  async pass(ms: number): Promise<void> {
    this.clock.set(new Date(Date.parse(this.clock.now()) + ms).toISOString());
    await this.core.tick();
    await Promise.all([...this.intermediateServers.values()].map((server) => server.tick()));
  }

  /** Takes an intermediate server down, as a failure of its host would; `bringUp` starts it again on the same data. */
  async takeDown(id: string): Promise<void> {
    await this.intermediateServers.get(id)?.close();
    this.intermediateServers.delete(id);
  }
  async bringUp(id: string): Promise<void> {
    await this.#startIntermediateServer(id, this.#pinnedCore());
  }

  /** Stops everything in the order in which work flows; nothing that was answered is lost. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients.values(), ...this.#services.values()].map((client) => client.close()));
    const first = [...this.intermediateServers.values()];
    await Promise.all(first.map((server) => server.close()));
    await Promise.all([...this.interfaceSystems.values()].map((server) => server.close()));
    for (const server of [this.registry, this.core] as ({ close(): Promise<void> } | undefined)[]) await server?.close();
    this.clock.close();
    await this.#log.close();
  }
}

function readOrWrite(file: string, text: string): string {
  if (!existsSync(file)) writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

function logInto(file: string, level: LogLevel): { readonly log: Log; close(): Promise<void> } {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  const log = Log.create({ app: 'sandbox', level, stream });
  const close = async (): Promise<void> => {
    stream.end();
    await finished(stream);
  };
  return { log, close };
}
