import { provisionDigest, type TransportSealer } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import type { Log } from '#libs/platform';
import {
  type AcquisitionLine,
  type AskHoldersLine,
  type CollectIdentifierLine,
  type CorePort,
  type CheckpointLine,
  type CosignatureAnswer,
  type DecideQueryLine,
  type DecisionAnswer,
  type DeliveredProvisionLine,
  type DemandLine,
  type DirectoryCache,
  type ExchangeStatusLine,
  failed,
  type IdentifierChangeLine,
  InterfaceSystemPort,
  type IntermediateServerPort,
  type LineOutcome,
  notSpokenFor,
  type Proven,
  type ProvisionAnswer,
  type ProvisionLine,
  type ProvisionReportLine,
  type ReceiptLine,
  type RecordedAnswer,
  type RecordTold,
  type TellRecordLine,
  succeeded,
  type WithdrawalNoticeLine,
  type WithdrawQueryLine,
} from '#libs/protocol';
import { checkDecision, permitOf } from './checks.js';
import { byDestination, Outcomes, relay, type Routed } from './relay.js';

export interface InterfaceSystemParts {
  readonly id: string;
  readonly coreId: string;
  readonly core: CorePort;
  readonly directory: DirectoryCache;
  readonly sealer: TransportSealer;
  /** The way to an intermediate server behind this one, and to another interface system (or to this one itself). */
  readonly intermediateServer: (id: string) => IntermediateServerPort;
  readonly interfaceSystem: (id: string) => InterfaceSystemPort;
  readonly log: Log;
}

const NO_LEDGER = new DomainError('LEDGER_UNAVAILABLE', 'unavailable', 'the ledger is not open');

/**
 * The only one that talks to the core and to other agencies' interface systems (インターフェイスシステム). It keeps no store: what
 * it passes on is recorded on both sides of it, and whoever sent a line sends it again where an answer was lost.
 */
export class InterfaceSystemService extends InterfaceSystemPort {
  constructor(private readonly parts: InterfaceSystemParts) {
    super();
  }

  // ─ from the intermediate servers behind it, to the core

  override async decideQueries(caller: string, lines: readonly DecideQueryLine[]): Promise<Proven<DecisionAnswer>> {
    const decide = async (passed: readonly DecideQueryLine[]) => (await this.parts.core.decideQueries(this.parts.id, passed)).outcomes;
    return { outcomes: await this.#relayHosted(caller, 'requester', lines, decide, checkDecision) };
  }
  override withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]) {
    return this.#relayHosted(caller, 'requester', lines, (passed) => this.parts.core.withdrawQueries(this.parts.id, passed));
  }
  override exchangeStatuses(caller: string, lines: readonly ExchangeStatusLine[]) {
    return this.#relayHosted(caller, 'requester', lines, (passed) => this.parts.core.exchangeStatuses(this.parts.id, passed));
  }
  override askHolders(caller: string, lines: readonly AskHoldersLine[]) {
    return this.#relayHosted(caller, 'requester', lines, (passed) => this.parts.core.askHolders(this.parts.id, passed));
  }
  override issueAcquisitionNumbers(caller: string, lines: readonly AcquisitionLine[]) {
    return this.#relayHosted(caller, 'holder', lines, (passed) => this.parts.core.issueAcquisitionNumbers(this.parts.id, passed));
  }
  override collectIdentifiers(caller: string, lines: readonly CollectIdentifierLine[]) {
    return this.#relayHosted(caller, 'holder', lines, (passed) => this.parts.core.collectIdentifiers(this.parts.id, passed));
  }
  override async sendProvisions(caller: string, lines: readonly ProvisionAnswer[]): Promise<readonly LineOutcome<true>[]> {
    return this.#relayHosted(caller, 'provider', lines, (passed) => this.#passOn(passed));
  }

  override witnessCheckpoints(_caller: string, lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]> {
    return Promise.resolve(lines.map(() => failed(NO_LEDGER)));
  }
  override tellRecords(_caller: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold>> {
    return Promise.resolve({ outcomes: lines.map(() => failed(NO_LEDGER)) });
  }

  // ─ from the core, to the intermediate servers behind it

  override async deliverDemands(caller: string, lines: readonly DemandLine[]): Promise<readonly LineOutcome<true>[]> {
    this.#assertCore(caller);
    return this.#eachServer(
      lines,
      (line) => this.#serverOf('provider', permitOf(line).data.provider),
      async (server, demands) => {
        const answers = await server.answerDemands(this.parts.id, demands);
        return this.#passAnswersOn(answers);
      },
    );
  }
  override async deliverWithdrawals(caller: string, lines: readonly WithdrawalNoticeLine[]): Promise<readonly LineOutcome<true>[]> {
    this.#assertCore(caller);
    return this.#eachServer(
      lines,
      (line) => this.#serverOf('provider', line.provider),
      async (server, notices) => {
        const answers = await server.endWithdrawn(this.parts.id, notices);
        const reports = answers.flatMap((answer) => (answer.ok && answer.value ? [reportOf(answer.value)] : []));
        if (reports.length > 0) await this.parts.core.reportProvisions(this.parts.id, reports);
        return answers.map((answer) => (answer.ok ? succeeded(true as const) : answer));
      },
    );
  }
  override async deliverIdentifierChanges(caller: string, lines: readonly IdentifierChangeLine[]): Promise<readonly LineOutcome<true>[]> {
    this.#assertCore(caller);
    return this.#eachServer(
      lines,
      (line) => this.#serverOf('holder', line.holder),
      (server, changes) => server.changeIdentifiers(this.parts.id, changes),
    );
  }

  // ─ from another interface system, to the requester's server behind this one

  override async deliverProvisions(caller: string, lines: readonly ProvisionLine[]): Promise<Proven<ReceiptLine | null>> {
    const { directory, id } = this.parts;
    await directory.server(caller);
    await directory.know(lines.map(({ provider }) => provider));
    const opened = new Map<ProvisionLine, DeliveredProvisionLine>();
    const outcomes = await this.#eachServer(
      lines,
      (line) => {
        if (directory.agencyNow(line.provider)?.interfaceSystem !== caller) throw notSpokenFor('provider');
        opened.set(line, this.#open(caller, line));
        return this.#serverOf('requester', line.requester);
      },
      async (server, provisions) => {
        const { outcomes } = await server.receiveProvisions(
          id,
          provisions.map((line) => opened.get(line) as DeliveredProvisionLine),
        );
        await this.#sendReceipts(outcomes);
        return outcomes;
      },
    );
    return { outcomes };
  }

  #open(from: string, { sealed, ...line }: ProvisionLine): DeliveredProvisionLine {
    if (line.outcome === 'not-made') return line;
    if (sealed === undefined) throw new DomainError('SEALED_DATA_MISSING', 'invalid', 'a provision that was made carries sealed data', { field: 'sealed' });
    const { payload, digest } = this.parts.sealer.openProvision({ from, exchangeId: line.exchangeId, sealed });
    if (digest !== line.digest) throw new DomainError('PROVISION_DIGEST', 'unprocessable', 'the data is not what the provider recorded', { field: 'digest' });
    return { ...line, payload };
  }

  /** A receipt that the core does not get now follows when the core has the provision sent again. */
  async #sendReceipts(outcomes: readonly LineOutcome<ReceiptLine | null>[]): Promise<void> {
    const receipts = outcomes.flatMap((outcome) => (outcome.ok && outcome.value ? [outcome.value] : []));
    if (receipts.length === 0) return;
    try {
      await this.parts.core.recordReceipts(this.parts.id, receipts);
    } catch (error) {
      this.parts.log.warn('the core did not take receipts', { code: error instanceof DomainError ? error.code : 'INTERNAL', lines: receipts.length });
    }
  }

  // ─ the provider's answers, on to the core and to the requesters

  async #passAnswersOn(answers: readonly LineOutcome<ProvisionAnswer>[]): Promise<readonly LineOutcome<true>[]> {
    const made = answers.flatMap((answer, index) => (answer.ok ? [{ index, line: answer.value }] : []));
    const outcomes = new Outcomes<true>(answers.length);
    for (const [index, answer] of answers.entries()) if (!answer.ok) outcomes.set(index, answer);
    const passed = await this.#passOn(made.map(({ line }) => line));
    for (const [at, { index }] of made.entries()) outcomes.set(index, passed[at] as LineOutcome<true>);
    return outcomes.all();
  }

  /** Reports to the core and, beside it, sends the sealed data to the requesters' interface systems. Done when both are. */
  async #passOn(answers: readonly ProvisionAnswer[]): Promise<readonly LineOutcome<true>[]> {
    if (answers.length === 0) return [];
    const { core, id } = this.parts;
    const reported = core.reportProvisions(id, answers.map(reportOf)).catch((error: unknown) => ({ outcomes: answers.map(() => failed(error)) }));
    const delivered = new Outcomes<true>(answers.length);
    const going: Routed<ProvisionAnswer>[] = [];
    for (const [index, line] of answers.entries()) {
      if (line.outcome === 'held') delivered.set(index, succeeded(true));
      else going.push({ index, line });
    }
    await Promise.all([...byDestination(going, (line) => line.requesterInterfaceSystem)].map(([to, group]) => this.#deliver(to, group, delivered)));
    const { outcomes: reports } = await reported;
    return delivered.all().map((outcome, index) => {
      if (!outcome.ok) return outcome;
      const report = reports[index] as LineOutcome<RecordedAnswer>;
      return report.ok ? succeeded(true) : report;
    });
  }

  async #deliver(to: string, group: readonly Routed<ProvisionAnswer>[], outcomes: Outcomes<true>): Promise<void> {
    try {
      await this.parts.directory.server(to);
      const lines = group.map(({ line }) => this.#sealed(to, line));
      const { outcomes: answers } = await this.parts.interfaceSystem(to).deliverProvisions(this.parts.id, lines);
      for (const [at, { index }] of group.entries()) {
        const answer = answers[at] as LineOutcome<ReceiptLine | null>;
        outcomes.set(index, answer.ok ? succeeded(true) : answer);
      }
    } catch (error) {
      outcomes.fail(
        group.map(({ index }) => index),
        error,
      );
    }
  }

  #sealed(to: string, { data, automatic: _automatic, requesterInterfaceSystem: _to, ...line }: ProvisionAnswer): ProvisionLine {
    const { exchangeId, outcome } = line;
    if (outcome === 'held') throw new TypeError('a hold is not sent');
    if (!data) return { ...line, outcome };
    const salt = Buffer.from(data.random, 'base64url');
    if (provisionDigest(salt, data.payload) !== line.digest) {
      throw new DomainError('PROVISION_DIGEST', 'unprocessable', 'the data is not what the provider recorded', { field: 'digest' });
    }
    return { ...line, outcome, sealed: this.parts.sealer.sealProvision({ to, exchangeId, payload: data.payload, salt }).sealed };
  }

  // ─ who speaks for whom

  #assertCore(caller: string): void {
    if (caller !== this.parts.coreId) throw new DomainError('NOT_THE_CORE', 'forbidden', 'only the core may call this');
  }

  /** Passes on the lines of agencies that the calling intermediate server and this interface system speak for; refuses the others. */
  async #relayHosted<Role extends 'requester' | 'provider' | 'holder', Line extends Readonly<Record<Role, string>>, T>(
    caller: string,
    role: Role,
    lines: readonly Line[],
    send: (lines: readonly Line[]) => Promise<readonly LineOutcome<T>[]>,
    verify?: (line: Line, answer: T) => void,
  ): Promise<readonly LineOutcome<T>[]> {
    const { directory, id } = this.parts;
    await directory.know(lines.map((line) => line[role]));
    const check = (line: Line): void => {
      const agency = directory.agencyNow(line[role]);
      if (agency?.intermediateServer !== caller || agency.interfaceSystem !== id) throw notSpokenFor(role);
    };
    return relay(lines, check, send, verify);
  }

  #serverOf(role: 'requester' | 'provider' | 'holder', code: string): string {
    const agency = this.parts.directory.agencyNow(code);
    if (agency?.interfaceSystem !== this.parts.id) throw notSpokenFor(role);
    return agency.intermediateServer;
  }

  /** Groups lines by the intermediate server that they concern; a server that fails takes only its own lines with it. */
  async #eachServer<Line, T = true>(
    lines: readonly Line[],
    serverOf: (line: Line) => string,
    handle: (server: IntermediateServerPort, lines: readonly Line[]) => Promise<readonly LineOutcome<T>[]>,
  ): Promise<readonly LineOutcome<T>[]> {
    const outcomes = new Outcomes<T>(lines.length);
    const servers = new Map<Line, string>();
    const routed: Routed<Line>[] = [];
    for (const [index, line] of lines.entries()) {
      try {
        servers.set(line, serverOf(line));
        routed.push({ index, line });
      } catch (error) {
        outcomes.set(index, failed(error));
      }
    }
    await Promise.all(
      [...byDestination(routed, (line) => servers.get(line) as string)].map(async ([server, group]) => {
        try {
          const answers = await handle(
            this.parts.intermediateServer(server),
            group.map(({ line }) => line),
          );
          for (const [at, { index }] of group.entries()) outcomes.set(index, answers[at] as LineOutcome<T>);
        } catch (error) {
          outcomes.fail(
            group.map(({ index }) => index),
            error,
          );
        }
      }),
    );
    return outcomes.all();
  }
}

/** What the core is told: everything but the data. */
function reportOf({ exchangeId, provider, outcome, at, providerLeaf, nonDisclosure, items, digest, automatic, reason }: ProvisionAnswer): ProvisionReportLine {
  return {
    exchangeId,
    provider,
    outcome,
    at,
    providerLeaf,
    nonDisclosure,
    ...(items === undefined ? {} : { items }),
    ...(digest === undefined ? {} : { digest }),
    ...(automatic === undefined ? {} : { automatic }),
    ...(reason === undefined ? {} : { reason }),
  };
}
