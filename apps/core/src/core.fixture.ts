import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newExchangeId, SigningKey, TransportKey } from '#libs/cryptography';
import type { AgencyClass, MatrixItem } from '#libs/domain';
import { Log, ManualClock } from '#libs/platform';
import type {
  CheckpointLine,
  CosignatureAnswer,
  DecideQueryLine,
  DemandLine,
  IdentifierChangeLine,
  InterfaceSystemPort,
  LineOutcome,
  SharedProof,
  WithdrawalNoticeLine,
} from '#libs/protocol';
import { TestWitness } from './log/log.fixture.js';
import type { CoreSettings } from './settings.js';
import { type CoreOptions, type RunningCore, startCore } from './start.js';

export const NOW = '2020-05-08T00:00:00.000Z';
export const CITY_X = '0220113112101700';
export const CITY_A = '0220113113001700';
export const CITY_B = '0220113114801700';
export const TAX_AGENCY = '9900000000000010';
export const FUND = '9900000000000020';
export const SOCIETY = '9900000000000021';
export const PORTAL = '9900000000000030';
export const AFFAIR = 'JM99000000000074';
export const HELD_UNDER = 'JM99000000000900';
export const TAX = 'TM00000000000002';
export const LEAF = 'A'.repeat(43);

const item = (number: string, affair: string, requester: AgencyClass, provider: AgencyClass): MatrixItem => ({
  version: '2020-04-01',
  item: number,
  affair,
  affairName: '児童手当',
  requesterWords: '市町村長',
  requesters: [{ class: requester, takesPart: true }],
  grants: [
    {
      providerWords: '市町村長',
      information: [
        { code: TAX, words: '地方税関係情報', holdingAffair: HELD_UNDER, providers: [{ class: provider, takesPart: true }], certainty: 'verified' },
      ],
    },
  ],
  certainty: 'verified',
  source: 'test',
});
export const MATRIX = {
  version: '2020-04-01',
  effectiveFrom: '2020-04-01',
  items: [item('74', AFFAIR, 'municipality', 'municipality'), item('3', 'JM99000000000003', 'health-insurance-society', 'municipality')],
  draft: false,
  certainty: 'verified' as const,
  source: 'test',
};

/** An interface system that keeps what it is told, and answers as it is bidden. */
export class SeenByInterfaceSystem {
  demands: DemandLine[] = [];
  withdrawals: WithdrawalNoticeLine[] = [];
  identifierChanges: IdentifierChangeLine[] = [];
  /** One a batch of demands. */
  demandProofs: (SharedProof | undefined)[] = [];
  /** Rejects, or gives the outcome of a line. */
  answer: () => LineOutcome<true> = () => ({ ok: true, value: true });

  /** Cosigns the core's log, or answers as it is bidden. */
  witness: (line: CheckpointLine) => LineOutcome<CosignatureAnswer>;

  constructor(id: string, signing: SigningKey) {
    const witness = new TestWitness(`renkei.example/${id}`, signing, () => Math.floor(Date.now() / 1_000));
    this.witness = (line) => witness.answer(line);
  }

  readonly port = {
    deliverDemands: async (_caller: string, lines: readonly DemandLine[], proof?: SharedProof) => {
      const outcomes = await this.#took(this.demands, lines);
      this.demandProofs.push(proof);
      return outcomes;
    },
    witnessCheckpoints: (_caller: string, lines: readonly CheckpointLine[]) => Promise.resolve().then(() => lines.map((line) => this.witness(line))),
    deliverWithdrawals: (_caller: string, lines: readonly WithdrawalNoticeLine[]) => this.#took(this.withdrawals, lines),
    deliverIdentifierChanges: (_caller: string, lines: readonly IdentifierChangeLine[]) => this.#took(this.identifierChanges, lines),
  } as unknown as InterfaceSystemPort;

  #took<Line>(seen: Line[], lines: readonly Line[]): Promise<readonly LineOutcome<true>[]> {
    return Promise.resolve().then(() =>
      lines.map((line) => {
        const outcome = this.answer();
        if (outcome.ok) seen.push(line);
        return outcome;
      }),
    );
  }
}

/** A core in a temporary directory with two interface systems in the same process, a registry and a portal. */
export class TestCore {
  readonly clock = new ManualClock(NOW);
  readonly keys = {
    operator: SigningKey.generate(),
    east: SigningKey.generate(),
    west: SigningKey.generate(),
    registry: SigningKey.generate(),
    portal: SigningKey.generate(),
  };
  readonly east = new SeenByInterfaceSystem('ifs-east', this.keys.east);
  readonly west = new SeenByInterfaceSystem('ifs-west', this.keys.west);
  readonly #transport = TransportKey.generate();
  readonly #references = new Map<string, string>();
  running!: RunningCore;

  private constructor(
    readonly directory: string,
    private readonly settings: Partial<CoreSettings>,
  ) {}

  static async open(settings: Partial<CoreSettings> = {}, more: Pick<CoreOptions, 'withoutLedger'> = {}): Promise<TestCore> {
    const core = new TestCore(await mkdtemp(join(tmpdir(), 'renkei-core-')), settings);
    await core.start(more);
    return core;
  }

  async start(more: Pick<CoreOptions, 'withoutLedger'> = {}): Promise<void> {
    this.running = await startCore({
      dataDirectory: join(this.directory, 'data'),
      keysDirectory: join(this.directory, 'keys'),
      host: '127.0.0.1',
      port: 0,
      clock: this.clock,
      log: Log.create({ app: 'core', level: 'silent' }),
      operators: { alice: this.keys.operator.publicText },
      settings: this.settings,
      ...more,
      interfaceSystem: (id) => (id === 'ifs-east' ? this.east.port : id === 'ifs-west' ? this.west.port : undefined),
    });
  }

  async restart(more: Pick<CoreOptions, 'withoutLedger'> = {}): Promise<void> {
    await this.running.close();
    await this.start(more);
  }

  async close(): Promise<void> {
    await this.running.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  get service(): RunningCore['service'] {
    return this.running.service;
  }

  /** Servers, agencies, hosting, assessments, table, openings: what most tests begin with. Returns how many lines changed something. */
  async setUp(): Promise<number> {
    const { operations } = this.running;
    const server = (id: string, kind: 'interface-system' | 'resident-registry' | 'disclosure-portal', key: SigningKey) => ({
      id,
      kind,
      url: 'http://127.0.0.1:1',
      signingKeyId: key.keyId,
      signingKey: key.publicText,
      ...(kind === 'interface-system' ? { transportKeyId: 't1', transportKey: this.#transport.publicText } : {}),
    });
    const agency = (code: string, agencyClass: AgencyClass, more: object = {}) => ({
      code,
      name: code,
      class: agencyClass,
      institution: true,
      codeHolder: true,
      welfareOffice: false,
      healthCentre: false,
      placeholder: true,
      official: false,
      role: 'participant' as const,
      ...more,
    });
    const host = (code: string, interfaceSystem: string) => ({ code, intermediateServer: interfaceSystem.replace('ifs', 'is'), interfaceSystem });
    const outcomes = [
      ...(await operations.registerServers([
        server('ifs-east', 'interface-system', this.keys.east),
        server('ifs-west', 'interface-system', this.keys.west),
        server('registry', 'resident-registry', this.keys.registry),
        server('portal', 'disclosure-portal', this.keys.portal),
      ])),
      ...(await operations.registerAgencies([
        agency(CITY_X, 'municipality'),
        agency(CITY_A, 'municipality'),
        agency(CITY_B, 'municipality'),
        agency(FUND, 'payment-fund', { institution: false }),
        agency(SOCIETY, 'health-insurance-society', { codeHolder: false }),
        agency(TAX_AGENCY, 'national-tax-agency', { role: 'non-participant' }),
        agency(PORTAL, 'disclosure-portal', { role: 'non-participant', institution: false }),
      ])),
      ...(await operations.hostAgencies([
        host(CITY_X, 'ifs-east'),
        host(CITY_A, 'ifs-west'),
        host(CITY_B, 'ifs-east'),
        host(FUND, 'ifs-east'),
        host(TAX_AGENCY, 'ifs-west'),
        { code: PORTAL, intermediateServer: 'portal', interfaceSystem: 'portal' },
      ])),
      ...(await operations.delegateAgencies([{ code: SOCIETY, to: FUND }])),
      ...(await operations.publishAssessments([CITY_X, CITY_A, CITY_B, SOCIETY].map((code) => ({ code, affairs: [AFFAIR, HELD_UNDER, 'JM99000000000003'] })))),
      await operations.enactMatrix(MATRIX),
      ...(await operations.openOperations(
        (['municipality', 'health-insurance-society'] as const).map((agencyClass) => ({
          class: agencyClass,
          items: ['74', '3'],
          from: '2020-04-01',
          stage: 'full' as const,
          certainty: 'verified' as const,
          source: 'test',
        })),
      )),
    ];
    const bad = outcomes.find((outcome) => !outcome.ok);
    if (bad) throw new Error(JSON.stringify(bad));
    return outcomes.filter((outcome) => outcome.ok && outcome.value.changed).length;
  }

  /** The identifier of a resident for a holder, by the whole way through the registry. */
  async identifier(holder: string, residentRecordCode: string, caller = this.interfaceSystemOf(holder)): Promise<string> {
    const [number] = await this.service.issueAcquisitionNumbers(caller, [{ holder, reference: this.#reference(residentRecordCode) }]);
    if (!number?.ok) throw new Error(JSON.stringify(number));
    const { acquisitionNumber } = number.value;
    const [issued] = await this.service.issueIdentifiers('registry', [{ acquisitionNumber, residentRecordCode }]);
    if (!issued?.ok) throw new Error(JSON.stringify(issued));
    const [collected] = await this.service.collectIdentifiers(caller, [{ holder, acquisitionNumber }]);
    if (!collected?.ok || collected.value.identifier === undefined) throw new Error(JSON.stringify(collected));
    return collected.value.identifier;
  }

  #reference(residentRecordCode: string): string {
    const reference = this.#references.get(residentRecordCode) ?? `r${this.#references.size}`;
    this.#references.set(residentRecordCode, reference);
    return reference;
  }

  /** Waits until what happens behind a call has happened, at most some seconds. */
  async until(condition: () => boolean): Promise<void> {
    for (let round = 0; round < 1_000 && !condition(); round += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    if (!condition()) throw new Error('it did not happen in time');
  }

  interfaceSystemOf(holder: string): string {
    return holder === PORTAL ? 'portal' : holder === CITY_A || holder === TAX_AGENCY ? 'ifs-west' : 'ifs-east';
  }

  query(requesterIdentifier: string, changes: Partial<DecideQueryLine> = {}): DecideQueryLine {
    return {
      exchangeId: newExchangeId(Date.parse(this.clock.now())),
      requesterIdentifier,
      queryLeaf: LEAF,
      requester: CITY_X,
      provider: CITY_A,
      affair: AFFAIR,
      information: TAX,
      period: '2020',
      department: 'child-welfare',
      nonDisclosure: false,
      requestedAt: this.clock.now(),
      ...changes,
    };
  }
}
