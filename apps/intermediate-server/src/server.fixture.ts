import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgencyClient } from '#libs/agency-sdk';
import { EventIds, ProtectedFields, RecordKeys, SigningKey } from '#libs/cryptography';
import { type ExchangeEvent, exchangeEventTypes, factsOf } from '#libs/domain';
import { clear, DomainError, EventRegistry, type Protected, type SealedField, uuidV7 } from '#libs/kernel';
import { Log, ManualClock } from '#libs/platform';
import {
  type CollectIdentifierAnswer,
  type DecideQueryLine,
  type DecisionAnswer,
  type DeliveredProvisionLine,
  type DemandLine,
  type Directory,
  type ExchangeStatusAnswer,
  type ExchangeStatusLine,
  type InterfaceSystemPort,
  type LineOutcome,
  type ProvisionAnswer,
  succeeded,
  type WithdrawQueryLine,
} from '#libs/protocol';
import { TestWitness } from './log/core-witness.fixture.js';
import type { ServerSettings } from './settings.js';
import { type IntermediateServerOptions, type RunningIntermediateServer, startIntermediateServer } from './start.js';

export const NOW = '2020-05-08T00:00:00.000Z';
export const CITY_X = '0220113112101700';
export const CITY_A = '0220113113001700';
/** Hosted on another server. */
export const CITY_FAR = '0220113114801700';
export const AFFAIR = 'JM99000000000074';
export const DENIED_AFFAIR = 'JM99000000000999';
export const TAX = 'TM00000000000002';
export const RESIDENT = 'TM00000000000001';
export const IFS = 'ifs-east';
export const VALIDITY_MS = 3_600_000;

const FAR = 'is-far';
const CORE_KEY = 'record/core/2020-05';

/** The rest of the nation in one object: what the core would record and an interface system would carry, for the servers under test. */
export class Network {
  readonly decided = new Map<string, { readonly answer: DecisionAnswer; readonly demand?: DemandLine }>();
  readonly withdrawn: WithdrawQueryLine[] = [];
  readonly sent: ProvisionAnswer[] = [];
  readonly statusAnswers = new Map<string, Partial<ExchangeStatusAnswer>>();
  calls = 0;
  down = false;
  /** Refuses lines of decisions where it gives a problem. */
  refuses: (line: DecideQueryLine) => DomainError | undefined = () => undefined;
  /** Persons by acquisition number, issued once the registry has spoken. */
  readonly acquisitions = new Map<string, { readonly holder: string; readonly reference: string; identifier?: string }>();
  readonly #registry = new EventRegistry(exchangeEventTypes);
  readonly #ids = new EventIds();

  private constructor(
    private readonly keys: RecordKeys,
    private readonly fields: ProtectedFields,
    private readonly clock: ManualClock,
  ) {}

  static async open(directory: string, clock: ManualClock): Promise<Network> {
    const keys = await RecordKeys.open(join(directory, 'network-keys'));
    await keys.ensure([CORE_KEY]);
    return new Network(keys, new ProtectedFields(keys), clock);
  }
  close(): Promise<void> {
    return this.keys.close();
  }

  readonly port = {
    decideQueries: async (_caller: string, lines: readonly DecideQueryLine[]) => ({ outcomes: await this.#answer(lines, (line) => this.#decide(line)) }),
    withdrawQueries: (_caller: string, lines: readonly WithdrawQueryLine[]) =>
      this.#answer(lines, (line) => {
        this.withdrawn.push(line);
        return true as const;
      }),
    exchangeStatuses: (_caller: string, lines: readonly ExchangeStatusLine[]) =>
      this.#answer(lines, ({ exchangeId }): ExchangeStatusAnswer => ({ exchangeId, status: 'notified', ...this.statusAnswers.get(exchangeId) })),
    askHolders: (_caller: string, lines: readonly object[]) => this.#answer(lines, () => ({ holders: [CITY_A] })),
    sendProvisions: (_caller: string, lines: readonly ProvisionAnswer[]) =>
      this.#answer(lines, (line) => {
        this.sent.push(line);
        return true as const;
      }),
    issueAcquisitionNumbers: (_caller: string, lines: readonly { readonly holder: string; readonly reference: string }[]) =>
      this.#answer(lines, (line) => {
        const acquisitionNumber = `AQ${String(this.acquisitions.size + 1).padStart(10, '0')}`;
        this.acquisitions.set(acquisitionNumber, line);
        return { acquisitionNumber, expiresAt: '2020-05-09T00:00:00.000Z' };
      }),
    collectIdentifiers: (_caller: string, lines: readonly { readonly acquisitionNumber: string }[]) =>
      this.#answer(lines, ({ acquisitionNumber }): CollectIdentifierAnswer => {
        const identifier = this.acquisitions.get(acquisitionNumber)?.identifier;
        return identifier === undefined ? { acquisitionNumber, status: 'pending' } : { acquisitionNumber, status: 'issued', identifier };
      }),
  } as unknown as InterfaceSystemPort;

  /** The permit of an exchange, as the provider's side is shown it. */
  demandOf(exchangeId: string): DemandLine {
    const demand = this.decided.get(exchangeId)?.demand;
    if (!demand) throw new Error('no permit was given');
    return demand;
  }

  async #answer<L, T>(lines: readonly L[], answer: (line: L) => T): Promise<readonly LineOutcome<T>[]> {
    this.calls += 1;
    await Promise.resolve();
    if (this.down) throw new DomainError('SERVICE_UNAVAILABLE', 'unavailable', 'the network is down');
    return lines.map((line) => {
      try {
        return succeeded(answer(line));
      } catch (error) {
        const { code, kind, message } = error as DomainError;
        return { ok: false, problem: { code, kind, detail: message } };
      }
    });
  }

  #decide(line: DecideQueryLine): DecisionAnswer {
    const refusal = this.refuses(line);
    if (refusal) throw refusal;
    const known = this.decided.get(line.exchangeId);
    if (known) return known.answer;
    const facts = factsOf(line);
    const requesterSubject = this.#seal(line.requesterIdentifier);
    const common = { ...facts, queryDigest: 'digest', queryLeaf: line.queryLeaf, requesterSubject, basis: { requester: 0, provider: 0 } };
    const denied = line.affair === DENIED_AFFAIR;
    const provider = `${line.provider}:${line.requesterIdentifier.split(':')[1] ?? ''}`;
    const providerSubject = this.#seal(provider);
    const event: ExchangeEvent = denied
      ? { type: 'QueryDenied', data: { ...common, reason: 'AFFAIR_NOT_IN_TABLE', article: '番号法19条7号', exceptionApplied: true } }
      : {
          type: 'QueryPermitted',
          data: {
            ...common,
            providerSubject,
            table: '2020-04-01',
            item: '74',
            grant: 0,
            validUntil: new Date(Date.parse(this.clock.now()) + VALIDITY_MS).toISOString(),
          },
        };
    const text = this.#encode(line.exchangeId, event);
    const answer = { exchangeId: line.exchangeId, event: text, impossible: false, disclosure: this.#disclose(requesterSubject) };
    const demand = { exchangeId: line.exchangeId, event: text, disclosure: this.#disclose(providerSubject), requesterInterfaceSystem: IFS };
    this.decided.set(line.exchangeId, denied ? { answer } : { answer, demand });
    return answer;
  }

  #encode(exchangeId: string, event: ExchangeEvent): string {
    const envelope = {
      id: this.#ids.next(1)[0] ?? '',
      stream: `exchange-${exchangeId}`,
      revision: 0,
      recordedAt: NOW,
      at: this.clock.now(),
      actor: 'system',
      correlationId: exchangeId,
      causationId: exchangeId,
    };
    return this.#registry.encode(envelope, event);
  }

  #seal(value: string): Protected {
    return this.fields.protect(CORE_KEY, [clear(value).value])[0] as SealedField;
  }
  #disclose(field: Protected): { salt: string; value: string } {
    return this.fields.disclose(field as SealedField);
  }
}

/** What an interface system hands to the requester's server for an answer of the provider's. */
export function delivered(answer: ProvisionAnswer): DeliveredProvisionLine {
  const { exchangeId, requester, provider, outcome, at, providerLeaf, decisionLeaf, nonDisclosure, items, digest, reason, data } = answer;
  if (outcome === 'held') throw new Error('a hold is not sent');
  return {
    exchangeId,
    requester,
    provider,
    outcome,
    at,
    providerLeaf,
    decisionLeaf,
    nonDisclosure,
    ...(items === undefined ? {} : { items }),
    ...(digest === undefined ? {} : { digest }),
    ...(reason === undefined ? {} : { reason }),
    ...(data === undefined ? {} : { payload: data.payload }),
  };
}

/** One intermediate server that speaks for two cities, a third city on another server, and the network around them. */
export class TestServer {
  readonly clock = new ManualClock(NOW);
  readonly keys = { [CITY_X]: SigningKey.generate(), [CITY_A]: SigningKey.generate(), [CITY_FAR]: SigningKey.generate(), [IFS]: SigningKey.generate() };
  readonly core = SigningKey.generate();
  readonly witness = new TestWitness('renkei.example/core', this.core);
  network!: Network;
  running!: RunningIntermediateServer;
  readonly #clients: AgencyClient[] = [];
  #next = 0;

  private constructor(
    readonly directory: string,
    private readonly settings: Partial<ServerSettings>,
    private options: Partial<IntermediateServerOptions>,
  ) {}

  /** In a directory of its own, or in one that another server left. */
  static async open(settings: Partial<ServerSettings> = {}, options: Partial<IntermediateServerOptions> = {}, directory?: string): Promise<TestServer> {
    const server = new TestServer(directory ?? (await mkdtemp(join(tmpdir(), 'renkei-is-'))), settings, options);
    server.network = await Network.open(server.directory, server.clock);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.running = await startIntermediateServer({
      id: 'is-east',
      dataDirectory: join(this.directory, 'data'),
      keysDirectory: join(this.directory, 'keys'),
      core: { id: 'core', url: 'http://127.0.0.1:1', publicKey: this.core.publicText, ledgerKey: '' },
      interfaceSystem: IFS,
      host: '127.0.0.1',
      port: 0,
      clock: this.clock,
      log: Log.create({ app: 'is-east', level: 'silent' }),
      settings: { retryFirstMs: 20, sweepEveryMs: 60_000, witnessEveryMs: 60_000, ...this.settings },
      ways: {
        core: { directory: () => Promise.resolve(this.#directory()) },
        interfaceSystem: Object.assign(this.network.port, { witnessCheckpoints: this.witness.witnessCheckpoints }),
      },
      ...this.options,
    });
  }

  /** Stops it and starts it again on the same data, with other options if need be. */
  async restart(options: Partial<IntermediateServerOptions> = this.options): Promise<void> {
    await this.running.close();
    this.options = options;
    await this.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.running.close();
    await this.network.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  get service(): RunningIntermediateServer['service'] {
    return this.running.service;
  }

  client(agency: keyof typeof this.keys = CITY_X, signedBy: SigningKey = this.keys[agency] as SigningKey): AgencyClient {
    const { url: baseUrl } = this.running;
    const client = new AgencyClient({ baseUrl, server: 'is-east', agency, keyId: signedBy.keyId, privateKey: signedBy.privateKey, attemptsMax: 1 });
    this.#clients.push(client);
    return client;
  }

  /** A fresh exchange id. */
  exchangeId(): string {
    this.#next += 1;
    return uuidV7(Date.parse(NOW), Buffer.from(this.#next.toString(16).padStart(20, '0'), 'hex'));
  }

  /** Takes an agency's person through acquisition: its identifier is `<agency>:<person>`. */
  async identify(agency: keyof typeof this.keys, inAgencyNumber: string, person = inAgencyNumber): Promise<void> {
    const client = this.client(agency);
    const [acquired] = await client.requestAcquisitions([{ inAgencyNumber }]);
    if (!acquired?.ok) throw new Error('no acquisition number');
    const { acquisitionNumber } = acquired.value;
    const acquisition = this.network.acquisitions.get(acquisitionNumber);
    if (acquisition) this.network.acquisitions.set(acquisitionNumber, { ...acquisition, identifier: `${agency}:${person}` });
    const [collected] = await client.collectIdentifiers([{ acquisitionNumber, inAgencyNumber }]);
    if (!collected?.ok || collected.value.status !== 'obtained') throw new Error('no identifier');
  }

  #directory(): Directory {
    const agency = (code: string, intermediateServer: string) => {
      const key = this.keys[code as keyof typeof this.keys] as SigningKey;
      return { code, class: 'municipality' as const, intermediateServer, interfaceSystem: IFS, keys: { [key.keyId]: key.publicText }, institutions: [code] };
    };
    const ifs = this.keys[IFS] as SigningKey;
    return {
      version: 1,
      servers: [{ id: IFS, kind: 'interface-system', url: 'http://127.0.0.1:1', signingKeys: { [ifs.keyId]: ifs.publicText } }],
      agencies: [agency(CITY_X, 'is-east'), agency(CITY_A, 'is-east'), agency(CITY_FAR, FAR)],
    };
  }
}
