import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgencyClient } from '#libs/agency-sdk';
import { SigningKey, TransportKey } from '#libs/cryptography';
import { affairsToAssess } from '#libs/domain';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { ED25519, formatVerifierKey, keyIdOf } from '#libs/proofs';
import { type LineOutcome, type Outcomes, PATHS } from '#libs/protocol';
import { type ReferenceAgency, referenceAgencies, referenceEnactments, referenceHistory, referenceOpenings } from '#libs/reference-data';
import { freePorts } from '../../support/free-ports.js';
import { type App, type Ended, ServerProcess, type Variables } from './server-process.js';

const HOST = '127.0.0.1';
const OPERATOR = 'tester';

export type ServerName = 'core' | 'ifs-one' | 'ifs-two' | 'is-one' | 'is-two' | 'registry';
const SERVERS: Readonly<Record<ServerName, App>> = {
  core: 'core',
  'ifs-one': 'interface-system',
  'ifs-two': 'interface-system',
  'is-one': 'intermediate-server',
  'is-two': 'intermediate-server',
  registry: 'resident-registry',
};
const NAMES = Object.keys(SERVERS) as ServerName[];

/** An agency of the network under test, and the servers that speak for it. */
export interface TestAgency {
  readonly agency: ReferenceAgency;
  readonly code: string;
  readonly server: 'is-one' | 'is-two';
  readonly key: SigningKey;
}

function named(name: string, server: TestAgency['server']): TestAgency {
  const agency = referenceAgencies().find(({ registration }) => registration.name === name);
  if (agency === undefined) throw new Error(`no agency ${name}`);
  return { agency, code: agency.registration.code, server, key: SigningKey.generate() };
}

export function allDone<T>(outcomes: readonly LineOutcome<T>[]): readonly T[] {
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw new Error(`${outcome.problem.code}: ${outcome.problem.detail}`);
    return outcome.value;
  });
}

/**
 * A network of separate processes, each from its environment alone: core, two interface systems, two intermediate servers
 * and the registry; two cities, on different servers. The law is that of the data, without its repeal: the processes live by
 * the wall clock.
 */
export class SeparateNetwork {
  /** 照会者 and 提供者. */
  readonly requester = named('札幌市', 'is-one');
  readonly provider = named('豊中市', 'is-two');
  readonly operatorKey = SigningKey.generate();
  readonly #ports = new Map<ServerName, number>();
  readonly #running = new Map<ServerName, ServerProcess>();
  readonly #clients: { close(): Promise<void> }[] = [];

  private constructor(readonly directory: string) {}

  static async start(): Promise<SeparateNetwork> {
    const network = new SeparateNetwork(await mkdtemp(join(tmpdir(), 'renkei-processes-')));
    try {
      const ports = await freePorts(NAMES.length);
      NAMES.forEach((name, index) => network.#ports.set(name, ports[index] ?? 0));
      await network.up('core');
      await network.#register();
      for (const name of ['ifs-one', 'ifs-two', 'is-one', 'is-two', 'registry'] as const) await network.up(name);
      return network;
    } catch (error) {
      await network.remove();
      throw error;
    }
  }

  keysOf(name: ServerName): string {
    return join(this.directory, 'keys', name);
  }
  urlOf(name: ServerName): string {
    return `http://${HOST}:${this.#ports.get(name) ?? 0}`;
  }

  /** All that a server is told. */
  environmentOf(name: ServerName): Variables {
    const own = { HOST, PORT: String(this.#ports.get(name) ?? 0), KEYS_DIRECTORY: this.keysOf(name), LOG_LEVEL: 'warn' };
    const data = { DATA_DIRECTORY: join(this.directory, 'data', name) };
    if (name === 'core') return { ...own, ...data, OPERATORS: `${OPERATOR}:${this.operatorKey.publicText}` };
    const publicKey = SigningKey.openOrCreate(this.keysOf('core')).publicText;
    const core = { SERVER_ID: name, CORE_URL: this.urlOf('core'), CORE_PUBLIC_KEY: publicKey, CORE_LEDGER_KEY: this.#ledgerKeyOfCore() };
    if (name === 'ifs-one' || name === 'ifs-two') return { ...own, ...core, ...data };
    if (name === 'registry') return { ...own, ...core, ...data };
    return { ...own, ...core, ...data, INTERFACE_SYSTEM_ID: name === 'is-one' ? 'ifs-one' : 'ifs-two' };
  }

  /** As `renkei ledger show core` tells the operators of the other servers. */
  #ledgerKeyOfCore(): string {
    const publicKey = Buffer.from(SigningKey.openOrCreate(this.keysOf('core'), 'ledger').publicText, 'base64url');
    const name = 'renkei.example/core/1';
    const keyId = keyIdOf((bytes) => createHash('sha256').update(bytes).digest(), name, ED25519, publicKey);
    return formatVerifierKey({ name, keyId, kind: ED25519, publicKey });
  }

  /** Starts a server and waits until it is ready. */
  async up(name: ServerName): Promise<void> {
    const server = ServerProcess.start(SERVERS[name], this.environmentOf(name));
    this.#running.set(name, server);
    await server.ready(this.urlOf(name));
  }
  /** Ends a server by a signal. */
  async down(name: ServerName, signal: NodeJS.Signals): Promise<Ended> {
    const server = this.#running.get(name);
    if (server === undefined) throw new Error(`${name} does not run`);
    this.#running.delete(name);
    return server.stop(signal);
  }
  outputOf(name: ServerName): string {
    return this.#running.get(name)?.output ?? '';
  }

  /** Ends what runs, and removes all that it wrote. */
  async remove(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all([...this.#running.values()].map((server) => server.stop('SIGKILL')));
    await rm(this.directory, { recursive: true, force: true });
  }

  #kept<C extends { close(): Promise<void> }>(client: C): C {
    this.#clients.push(client);
    return client;
  }

  /** The operator at the core. */
  readonly operate = async <T extends object>(path: string, body: object): Promise<T> => {
    const { keyId, privateKey } = this.operatorKey;
    const signer = new TokenSigner({ issuer: OPERATOR, keyId, privateKey });
    const client = new ServiceClient({ address: this.urlOf('core'), audience: 'core', signer });
    try {
      return await client.call<T>({ method: 'POST', path, body, idempotent: true });
    } finally {
      await client.close();
    }
  };
  async #operateLines(path: string, lines: readonly object[]): Promise<void> {
    const { outcomes } = await this.operate<Outcomes<unknown>>(`/operations/${path}`, { lines });
    allDone(outcomes);
  }

  /** An agency's existing system at its intermediate server. */
  client({ server, code, key: { keyId, privateKey } }: TestAgency): AgencyClient {
    return this.#kept(new AgencyClient({ baseUrl: this.urlOf(server), server, agency: code, keyId, privateKey }));
  }
  /** An agency's terminal at the registry. */
  async atRegistry<T>({ code, key: { keyId, privateKey } }: TestAgency, path: string, lines: readonly object[]): Promise<readonly T[]> {
    const signer = new TokenSigner({ issuer: code, keyId, privateKey });
    const client = new ServiceClient({ address: this.urlOf('registry'), audience: 'registry', signer });
    try {
      return allDone((await client.call<Outcomes<T>>({ method: 'POST', path, body: { lines }, idempotent: true })).outcomes);
    } finally {
      await client.close();
    }
  }

  /** Servers, law, agencies: all that the core has to know, entered by its operator over HTTP. */
  async #register(): Promise<void> {
    const kinds = { 'ifs-one': 'interface-system', 'ifs-two': 'interface-system', 'is-one': 'intermediate-server', 'is-two': 'intermediate-server' } as const;
    const servers = Object.entries({ ...kinds, registry: 'resident-registry' } as const).map(([id, kind]) => {
      const keys = this.keysOf(id as ServerName);
      const signing = SigningKey.openOrCreate(keys);
      const transport = kind === 'interface-system' ? { transportKeyId: 'current', transportKey: TransportKey.openOrCreate(keys).publicText } : {};
      return { id, kind, url: this.urlOf(id as ServerName), signingKeyId: signing.keyId, signingKey: signing.publicText, ...transport };
    });
    await this.#operateLines('servers', servers);
    for (const { version, effectiveFrom, items, draft, certainty, source } of referenceEnactments()) {
      await this.operate('/operations/matrix/enact', { version, effectiveFrom, items, draft, certainty, source });
    }
    await this.#operateLines('openings', referenceOpenings());
    const agencies = [this.requester, this.provider];
    await this.#operateLines(
      'agencies',
      agencies.map(({ agency }) => agency.registration),
    );
    const hostings = agencies.map(({ code, server }) => ({ code, intermediateServer: server, interfaceSystem: server === 'is-one' ? 'ifs-one' : 'ifs-two' }));
    await this.#operateLines('hostings', hostings);
    await this.#operateLines(
      'agency-keys',
      agencies.map(({ code, key }) => ({ code, keyId: key.keyId, publicKey: key.publicText })),
    );
    const affairs = new Set<string>();
    for (const { matrix } of referenceHistory().list()) for (const code of affairsToAssess(matrix).get('municipality') ?? []) affairs.add(code);
    await this.#operateLines(
      'assessments/publish',
      agencies.map(({ code }) => ({ code, affairs: [...affairs].sort() })),
    );
  }

  /** Numbers persons, by the municipality's terminal. Individual numbers by resident record code. */
  async numberPersons(residentRecordCodes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const lines = residentRecordCodes.map((residentRecordCode) => ({ residentRecordCode }));
    const answers = await this.atRegistry<{ individualNumber: string }>(this.provider, PATHS.assignNumbers, lines);
    return new Map(residentRecordCodes.map((code, index) => [code, answers[index]?.individualNumber ?? '']));
  }

  /** Obtains an agency's identifiers of persons, by the way of the law: core, registry, core. */
  async obtainIdentifiers(agency: TestAgency, persons: readonly { readonly inAgencyNumber: string; readonly individualNumber: string }[]): Promise<void> {
    const client = this.client(agency);
    const acquired = allDone(await client.requestAcquisitions(persons.map(({ inAgencyNumber }) => ({ inAgencyNumber }))));
    const numbers = acquired.map(({ acquisitionNumber }) => acquisitionNumber);
    const forwarded = persons.map(({ individualNumber }, index) => ({ acquisitionNumber: numbers[index] ?? '', individualNumber }));
    await this.atRegistry(agency, PATHS.forwardAcquisitions, forwarded);
    const collections = persons.map(({ inAgencyNumber }, index) => ({ acquisitionNumber: numbers[index] ?? '', inAgencyNumber }));
    const collected = allDone(await client.collectIdentifiers(collections));
    const missing = collected.find(({ status }) => status !== 'obtained');
    if (missing !== undefined) throw new Error(`an identifier is ${missing.status}`);
  }
}
