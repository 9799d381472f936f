import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commitmentTo, newExchangeId, provisionDigest, SigningKey } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { leafHash, nativeHasher, sha256, TileTree } from '#libs/ledger';
import { Log, ManualClock } from '#libs/platform';
import { ED25519, encodeHashes, formatCheckpoint, formatNote, formatVerifierKey, toBase64, verifierKeyOf } from '#libs/proofs';
import {
  type CheckpointLine,
  type ConsistencyLine,
  CorePort,
  type CosignatureAnswer,
  type DecideQueryLine,
  type DecisionAnswer,
  type DeliveredProvisionLine,
  type DemandLine,
  type Directory,
  failed,
  IntermediateServerPort,
  type LineOutcome,
  type Place,
  type Proven,
  type ProvisionAnswer,
  type ProvisionReportLine,
  type ReceiptLine,
  type RecordedAnswer,
  type RecordTold,
  type SharedProof,
  succeeded,
  type TellRecordLine,
} from '#libs/protocol';
import { type RunningInterfaceSystem, startInterfaceSystem } from './start.js';

export const NOW = '2020-05-08T00:00:00.000Z';
export const VALID_UNTIL = '2020-05-11T00:00:00.000Z';
export const CITY_X = '0220113112101700';
export const CITY_Y = '0220113112201700';
export const CITY_A = '0220113113001700';
export const DEPLOYMENT = 'renkei.example';

/** A log in memory that proves what is in it. */
export class MemoryLog {
  readonly #tiles = new Map<string, Buffer>();
  readonly #tree = new TileTree(nativeHasher, (level, index) => this.#tiles.get(`${level}/${index}`));

  constructor(
    readonly origin: string,
    readonly signing = SigningKey.generate(),
  ) {}

  get key(): string {
    return formatVerifierKey(verifierKeyOf(sha256, this.origin, ED25519, Buffer.from(this.signing.publicText, 'base64url')));
  }
  get size(): number {
    return this.#tree.size;
  }

  /** The new entry's leaf index. */
  add(entry: string): number {
    for (const { level, index, bytes } of this.#tree.append([leafHash(Buffer.from(entry))])) this.#tiles.set(`${level}/${index}`, bytes);
    return this.size - 1;
  }
  /** The same history under the same key, which may go on otherwise. */
  forkAt(size: number, entries: readonly string[]): MemoryLog {
    const fork = new MemoryLog(this.origin, this.signing);
    for (const entry of entries.slice(0, size)) fork.add(entry);
    return fork;
  }

  note(size = this.size, signing = this.signing, origin = this.origin): string {
    const text = formatCheckpoint({ origin, size, root: this.#tree.root(size) });
    const { keyId } = verifierKeyOf(sha256, origin, ED25519, Buffer.from(signing.publicText, 'base64url'));
    return formatNote({ text, signatures: [{ name: origin, keyId, signature: signing.sign(Buffer.from(text)) }] });
  }
  consistency(from: number, to = this.size): readonly string[] {
    if (to > this.size) throw new DomainError('LEDGER_SIZE_UNKNOWN', 'unprocessable', 'the log has not had this size');
    return encodeHashes(this.#tree.consistency(from, to));
  }

  prove(indexes: readonly number[], seen = 0, size = this.size): { readonly proof: SharedProof; readonly places: Place[] } {
    const nodes: string[] = [];
    const places = indexes.map((index) => ({
      index,
      path: this.#tree.inclusion(index, size).map((hash) => {
        const text = toBase64(hash);
        const known = nodes.indexOf(text);
        return known < 0 ? nodes.push(text) - 1 : known;
      }),
    }));
    const consistency = seen > 0 && seen <= size ? { consistency: { from: seen, hashes: this.consistency(seen, size) } } : {};
    return { proof: { checkpoint: this.note(size), nodes, ...consistency }, places };
  }
}

const salt = 'AAAAAAAAAAAAAAAAAAAAAA';
export const disclosure = (value: string) => ({ salt, value });
const sealed = (value: string) => ({ key: 'core.2020-05', commitment: commitmentTo(disclosure(value)), sealed: 'AAAA' });

export const query = (more: Partial<DecideQueryLine> = {}): DecideQueryLine => ({
  exchangeId: newExchangeId(Date.parse(NOW)),
  requesterIdentifier: 'x'.repeat(28),
  queryLeaf: 'A'.repeat(43),
  requester: CITY_X,
  provider: CITY_A,
  affair: 'JM99000000000074',
  information: 'TM00000000000002',
  department: 'D01',
  nonDisclosure: false,
  requestedAt: NOW,
  ...more,
});

/** The core: decides everything with a permit, and proves what it tells. `forge` changes an answer on its way out. */
export class FakeCore extends CorePort {
  readonly signing = SigningKey.generate();
  log = new MemoryLog(`${DEPLOYMENT}/core/1`);
  readonly entries: string[] = [];
  readonly seen: (number | undefined)[] = [];
  readonly reports: ProvisionReportLine[] = [];
  readonly receipts: ReceiptLine[] = [];
  readonly witnessed: CheckpointLine[] = [];
  /** Whether proofs of consistency can be had at the moment. */
  reachable = true;
  forge: <T>(answer: Proven<T>) => Proven<T> = (answer) => answer;
  directoryNow: Omit<Directory, 'version'> = { servers: [], agencies: [] };
  #directoryVersion = 0;

  record(entry: string): number {
    this.entries.push(entry);
    return this.log.add(entry);
  }
  decision({ exchangeId, requesterIdentifier, requester, provider, affair, information }: DecideQueryLine, validUntil = VALID_UNTIL): string {
    const facts = { requester, provider, affair, information, validUntil };
    const subjects = { requesterSubject: sealed(requesterIdentifier), providerSubject: sealed(`p${requesterIdentifier.slice(1)}`) };
    return JSON.stringify({ type: 'QueryPermitted', stream: `exchange-${exchangeId}`, data: { ...facts, ...subjects } });
  }
  /** A demand as the core shows it, its permit recorded. */
  demand(line: DecideQueryLine, validUntil?: string): DemandLine & { readonly index: number } {
    const event = this.decision(line, validUntil);
    const index = this.record(event);
    return { index, exchangeId: line.exchangeId, event, disclosure: disclosure(`p${line.requesterIdentifier.slice(1)}`), requesterInterfaceSystem: 'ifs-x' };
  }

  override decideQueries = (_caller: string, lines: readonly DecideQueryLine[], seen?: number): Promise<Proven<DecisionAnswer>> => {
    this.seen.push(seen);
    const events = lines.map((line) => this.decision(line));
    const indexes = events.map((event) => this.record(event));
    const { proof, places } = this.log.prove(indexes, seen);
    const outcomes = lines.map(({ exchangeId, requesterIdentifier }, at) =>
      succeeded({ exchangeId, event: events[at] as string, impossible: false, disclosure: disclosure(requesterIdentifier), place: places[at] as Place }),
    );
    return Promise.resolve(this.forge({ outcomes, proofs: [proof] }));
  };
  #recorded(lines: readonly { readonly exchangeId: string }[], what: string, seen?: number): Proven<RecordedAnswer> {
    const events = lines.map(({ exchangeId }) => JSON.stringify({ type: what, stream: `exchange-${exchangeId}` }));
    const indexes = events.map((event) => this.record(event));
    const { proof, places } = this.log.prove(indexes, seen);
    const outcomes = events.map((event, at) => succeeded({ leaf: leafHash(Buffer.from(event)).toString('base64url'), place: places[at] as Place }));
    return this.forge({ outcomes, proofs: [proof] });
  }
  override reportProvisions = (_caller: string, lines: readonly ProvisionReportLine[], seen?: number): Promise<Proven<RecordedAnswer>> => {
    this.reports.push(...lines);
    return Promise.resolve(this.#recorded(lines, 'ProvisionRecorded', seen));
  };
  override recordReceipts = (_caller: string, lines: readonly ReceiptLine[], seen?: number): Promise<Proven<RecordedAnswer>> => {
    this.receipts.push(...lines);
    return Promise.resolve(this.#recorded(lines, 'ReceiptRecorded', seen));
  };
  override proveConsistency = (_caller: string, lines: readonly ConsistencyLine[]) => {
    if (!this.reachable) return Promise.reject(new DomainError('DOWN', 'unavailable', 'down'));
    return Promise.resolve(
      lines.map(({ from, to }) => {
        try {
          return succeeded({ hashes: this.log.consistency(from, to) });
        } catch (error) {
          return failed(error);
        }
      }),
    );
  };
  override witnessCheckpoints = (_caller: string, lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]> => {
    this.witnessed.push(...lines);
    return Promise.resolve(lines.map(({ from }) => succeeded({ size: from, cosignature: '— renkei.example/core AAAA' })));
  };
  override directory = (): Promise<Directory> => Promise.resolve({ ...this.directoryNow, version: (this.#directoryVersion += 1) });

  override withdrawQueries = (): Promise<never> => Promise.reject(new Error('not asked here'));
  override exchangeStatuses = (): Promise<never> => Promise.reject(new Error('not asked here'));
  override askHolders = (): Promise<never> => Promise.reject(new Error('not asked here'));
  override issueAcquisitionNumbers = (): Promise<never> => Promise.reject(new Error('not asked here'));
  override issueIdentifiers = (): Promise<never> => Promise.reject(new Error('not asked here'));
  override collectIdentifiers = (): Promise<never> => Promise.reject(new Error('not asked here'));
}

/** An intermediate server with a log of its own: provides `payload` to every demand, takes in every provision. */
export class FakeServer extends IntermediateServerPort {
  readonly log: MemoryLog;
  readonly demanded: DemandLine[] = [];
  readonly received: DeliveredProvisionLine[] = [];
  forge: <T>(answer: Proven<T>) => Proven<T> = (answer) => answer;

  constructor(readonly id: string) {
    super();
    this.log = new MemoryLog(`${DEPLOYMENT}/${id}/1`);
  }

  override answerDemands = (_caller: string, lines: readonly DemandLine[]): Promise<readonly LineOutcome<ProvisionAnswer>[]> => {
    this.demanded.push(...lines);
    const random = Buffer.alloc(32, 7);
    const digest = provisionDigest(random, '{}');
    return Promise.resolve(
      lines.map(({ exchangeId, event, requesterInterfaceSystem }) => {
        const { requester, provider } = (JSON.parse(event) as { readonly data: { readonly requester: string; readonly provider: string } }).data;
        return succeeded({
          ...{ exchangeId, requester, provider, requesterInterfaceSystem, outcome: 'made' as const, at: NOW, nonDisclosure: false, automatic: true },
          ...{ providerLeaf: 'B'.repeat(43), decisionLeaf: 'C'.repeat(43), items: ['TM00000000000002'], digest },
          data: { random: random.toString('base64url'), payload: '{}' },
        });
      }),
    );
  };
  override endWithdrawn = (_caller: string, lines: readonly unknown[]) => Promise.resolve(lines.map(() => succeeded(null)));
  override receiveProvisions = (_caller: string, lines: readonly DeliveredProvisionLine[]): Promise<Proven<ReceiptLine | null>> => {
    this.received.push(...lines);
    const indexes = lines.map(({ exchangeId }) => this.log.add(`received ${exchangeId}`));
    const { proof, places } = this.log.prove(indexes);
    const outcomes = lines.map(({ exchangeId, requester }, at) => {
      const requesterLeaf = leafHash(Buffer.from(`received ${exchangeId}`)).toString('base64url');
      return succeeded({ exchangeId, requester, receivedAt: NOW, requesterLeaf, place: places[at] as Place });
    });
    return Promise.resolve(this.forge({ outcomes, proofs: [proof] }));
  };
  override changeIdentifiers = (_caller: string, lines: readonly unknown[]) => Promise.resolve(lines.map(() => succeeded(true as const)));
  override tellRecords = (_caller: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold>> => {
    const events = lines.map(({ exchangeId }) => JSON.stringify({ type: 'QuerySubmitted', stream: `query-${exchangeId}` }));
    const { proof, places } = this.log.prove(events.map((event) => this.log.add(event)));
    const outcomes = lines.map(({ exchangeId }, at) => succeeded({ exchangeId, events: [{ event: events[at] as string, place: places[at] as Place }] }));
    return Promise.resolve(this.forge({ outcomes, proofs: [proof] }));
  };
}

/** Two interface systems – the requesters' (`ifs-x`, with two servers behind) and the provider's (`ifs-a`) – and all that is around them. */
export class TestNetwork {
  readonly directory = mkdtempSync(join(tmpdir(), 'renkei-ifs-'));
  readonly core = new FakeCore();
  readonly clock = new ManualClock(NOW);
  readonly servers = new Map(['is-x', 'is-y', 'is-a'].map((id) => [id, new FakeServer(id)]));
  readonly running = new Map<string, RunningInterfaceSystem>();

  static async open(withoutLedger?: true): Promise<TestNetwork> {
    const network = new TestNetwork();
    network.core.record('LogEpochOpened');
    for (const id of ['ifs-x', 'ifs-a']) await network.start(id, withoutLedger);
    await network.register();
    return network;
  }

  async start(id: string, withoutLedger?: true, ledgerKey = this.core.log.key): Promise<RunningInterfaceSystem> {
    const running = await startInterfaceSystem({
      id,
      dataDirectory: this.dataOf(id),
      keysDirectory: join(this.directory, 'keys', id),
      core: { id: 'core', url: 'http://127.0.0.1:1', publicKey: this.core.signing.publicText, ledgerKey },
      host: '127.0.0.1',
      port: 0,
      clock: this.clock,
      log: Log.create({ app: id, level: 'silent' }),
      ...(withoutLedger ? { withoutLedger } : {}),
      ways: { core: this.core, intermediateServer: (server) => this.servers.get(server), interfaceSystem: (other) => this.running.get(other)?.service },
    });
    this.running.set(id, running);
    return running;
  }
  async restart(id: string): Promise<void> {
    await this.running.get(id)?.close();
    await this.start(id);
    await this.running.get(id)?.directory.refresh();
  }

  /** The directory with everybody in it; `unwitnessed`: whose log the core has not cosigned yet. */
  async register(unwitnessed: readonly string[] = []): Promise<void> {
    const interfaceSystems = [...this.running.values()].map(({ id, url, keys: { signing, transport } }) => ({
      ...{ id, url, kind: 'interface-system' as const, signingKeys: { [signing.keyId]: signing.publicKey }, transportKey: transport },
    }));
    const servers = [...this.servers.values()].map(({ id, log }) => ({
      ...{ id, url: 'http://127.0.0.1:1', kind: 'intermediate-server' as const, signingKeys: {} },
      ...(unwitnessed.includes(id) ? {} : { ledgerKeys: [log.key] }),
    }));
    const agency = (code: string, intermediateServer: string, interfaceSystem: string) => ({
      ...{ code, class: 'municipality', intermediateServer, interfaceSystem, keys: {}, institutions: [] },
    });
    this.core.directoryNow = {
      servers: [...interfaceSystems, ...servers],
      agencies: [agency(CITY_X, 'is-x', 'ifs-x'), agency(CITY_Y, 'is-y', 'ifs-x'), agency(CITY_A, 'is-a', 'ifs-a')],
    };
    for (const { directory } of this.running.values()) await directory.refresh();
  }

  dataOf(id: string): string {
    return join(this.directory, 'data', id);
  }
  service(id: string) {
    return (this.running.get(id) as RunningInterfaceSystem).service;
  }
  server(id: string): FakeServer {
    return this.servers.get(id) as FakeServer;
  }
  decide(...lines: readonly DecideQueryLine[]): Promise<Proven<DecisionAnswer>> {
    return this.service('ifs-x').decideQueries('is-x', lines);
  }
  /** The core shows demands to the provider's interface system, proved. */
  show(demands: readonly (DemandLine & { readonly index: number })[], forge: <T>(answer: Proven<T>) => Proven<T> = (answer) => answer) {
    const { proof, places } = this.core.log.prove(demands.map(({ index }) => index));
    const shown = forge({ outcomes: demands.map(({ index: _index, ...line }, at) => succeeded({ ...line, place: places[at] as Place })), proofs: [proof] });
    const lines = shown.outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
    return this.service('ifs-a').deliverDemands('core', lines, shown.proofs?.[0]);
  }

  async close(): Promise<void> {
    for (const running of this.running.values()) await running.close();
    rmSync(this.directory, { recursive: true });
  }
}

export const codes = (outcomes: readonly LineOutcome<unknown>[]): readonly string[] => outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.problem.code));
