import type { TransportSealer } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import type { Clock, Log } from '#libs/platform';
import {
  type AcquisitionLine,
  type AskHoldersLine,
  type CheckpointLine,
  type CollectIdentifierLine,
  type CorePort,
  type CosignatureAnswer,
  type DecideQueryLine,
  type DecisionAnswer,
  type DemandLine,
  type DirectoryCache,
  type ExchangeStatusLine,
  failed,
  type IdentifierChangeLine,
  InterfaceSystemPort,
  type IntermediateServerPort,
  type LineOutcome,
  type Proven,
  type ProvisionAnswer,
  type ProvisionLine,
  type ReceiptLine,
  type RecordTold,
  type SharedProof,
  succeeded,
  type TellRecordLine,
  type WithdrawalNoticeLine,
  type WithdrawQueryLine,
} from '#libs/protocol';
import { assertInForce, checkDecision, permitOf } from './checks.js';
import { ProofChecks, type VerifiedLogs } from './ledger/proof-checks.js';
import type { Refusals } from './ledger/refusals.js';
import { ShownProofs } from './ledger/shown-proofs.js';
import { ProvisionsIn } from './provisions-in.js';
import { ProvisionsOut } from './provisions-out.js';
import { relay } from './relay.js';
import { Routing } from './routing.js';
import { toldRecords } from './told-records.js';

export interface InterfaceSystemParts {
  readonly id: string;
  readonly coreId: string;
  readonly core: CorePort;
  readonly directory: DirectoryCache;
  readonly sealer: TransportSealer;
  /** The way to an intermediate server behind this one, and to another interface system (or to this one itself). */
  readonly intermediateServer: (id: string) => IntermediateServerPort;
  readonly interfaceSystem: (id: string) => InterfaceSystemPort;
  /** None where nothing is proved, for measuring. */
  readonly logs: VerifiedLogs | undefined;
  readonly refusals: Refusals;
  readonly clock: Clock;
  readonly log: Log;
}

const NO_LEDGER = new DomainError('LEDGER_UNAVAILABLE', 'unavailable', 'this interface system runs without a ledger: nothing is verified');

/**
 * The only one that talks to the core and to other agencies' interface systems (インターフェイスシステム). It keeps no store: what
 * it passes on is recorded on both sides of it, and whoever sent a line sends it again where an answer was lost. It passes on
 * only what is proved to stand in the log of whoever says it.
 */
export class InterfaceSystemService extends InterfaceSystemPort {
  readonly #checks: ProofChecks;
  readonly #routing: Routing;
  readonly #out: ProvisionsOut;
  readonly #in: ProvisionsIn;

  constructor(private readonly parts: InterfaceSystemParts) {
    super();
    this.#checks = new ProofChecks(parts.logs);
    this.#routing = new Routing(parts.id, parts.directory, parts.intermediateServer);
    this.#out = new ProvisionsOut({ ...parts, checks: this.#checks });
    this.#in = new ProvisionsIn({ ...parts, checks: this.#checks, routing: this.#routing }, this.#out);
  }

  // ─ from the intermediate servers behind it, to the core

  override async decideQueries(caller: string, lines: readonly DecideQueryLine[]): Promise<Proven<DecisionAnswer>> {
    const { core, id, refusals } = this.parts;
    let proofs: readonly SharedProof[] | undefined;
    let shown = ShownProofs.unchecked;
    const decide = async (passed: readonly DecideQueryLine[]): Promise<readonly LineOutcome<DecisionAnswer>[]> => {
      const decided = await core.decideQueries(id, passed, this.#checks.seen);
      proofs = decided.proofs;
      shown = await this.#checks.answeredByCore(
        proofs,
        decided.outcomes.map((outcome) => (outcome.ok ? outcome.value.place : undefined)),
      );
      return decided.outcomes;
    };
    const verify = (line: DecideQueryLine, answer: DecisionAnswer): void =>
      refusals.counting(() => {
        shown.assertEvent(answer.event, answer.place);
        checkDecision(line, answer);
      });
    const outcomes = await this.#routing.relayHosted(caller, 'requester', lines, decide, verify);
    return proofs === undefined ? { outcomes } : { outcomes, proofs };
  }
  override withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]) {
    return this.#routing.relayHosted(caller, 'requester', lines, (passed) => this.parts.core.withdrawQueries(this.parts.id, passed));
  }
  override exchangeStatuses(caller: string, lines: readonly ExchangeStatusLine[]) {
    return this.#routing.relayHosted(caller, 'requester', lines, (passed) => this.parts.core.exchangeStatuses(this.parts.id, passed));
  }
  override askHolders(caller: string, lines: readonly AskHoldersLine[]) {
    return this.#routing.relayHosted(caller, 'requester', lines, (passed) => this.parts.core.askHolders(this.parts.id, passed));
  }
  override issueAcquisitionNumbers(caller: string, lines: readonly AcquisitionLine[]) {
    return this.#routing.relayHosted(caller, 'holder', lines, (passed) => this.parts.core.issueAcquisitionNumbers(this.parts.id, passed));
  }
  override collectIdentifiers(caller: string, lines: readonly CollectIdentifierLine[]) {
    return this.#routing.relayHosted(caller, 'holder', lines, (passed) => this.parts.core.collectIdentifiers(this.parts.id, passed));
  }
  override async sendProvisions(caller: string, lines: readonly ProvisionAnswer[]): Promise<readonly LineOutcome<true>[]> {
    return this.#routing.relayHosted(caller, 'provider', lines, (passed) => this.#out.passOn(passed));
  }

  /** The core's own are cosigned here; those of a server behind are passed on to the core, their witness. */
  override async witnessCheckpoints(caller: string, lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]> {
    const { coreId, core, id } = this.parts;
    const check = ({ server }: CheckpointLine): void => {
      if (server === caller) return;
      throw new DomainError('LOG_OF_ANOTHER_SERVER', 'forbidden', 'a server asks witnesses for its own log only', { field: 'server' });
    };
    return relay(lines, check, (passed) => (caller === coreId ? this.#cosign(passed) : core.witnessCheckpoints(id, passed)));
  }

  async #cosign(lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]> {
    const { logs, refusals } = this.parts;
    const outcomes: LineOutcome<CosignatureAnswer>[] = [];
    for (const line of lines) {
      try {
        if (!logs) throw NO_LEDGER;
        outcomes.push(succeeded(await logs.witness.cosign(line)));
      } catch (error) {
        refusals.count(error);
        outcomes.push(failed(error));
      }
    }
    return outcomes;
  }

  // ─ from the core, to the intermediate servers behind it

  override async deliverDemands(caller: string, lines: readonly DemandLine[], proof?: SharedProof): Promise<readonly LineOutcome<true>[]> {
    this.#assertCore(caller);
    const { refusals, clock, id } = this.parts;
    const shown = await this.#checks.shownByCore(
      proof,
      lines.map(({ place }) => place),
    );
    const now = clock.now();
    const providerOf = (line: DemandLine): string =>
      refusals.counting(() => {
        const { data } = permitOf(line);
        shown.assertEvent(line.event, line.place);
        assertInForce(data.validUntil, now);
        return data.provider;
      });
    const { outcomes } = await this.#routing.eachServer(
      lines,
      (line) => this.#routing.serverOf('provider', providerOf(line)),
      async (server, demands) => {
        const answers = await server.answerDemands(
          id,
          demands.map(({ place: _place, ...demand }) => demand),
        );
        return { outcomes: await this.#out.passAnswersOn(answers) };
      },
    );
    return outcomes;
  }
  override async deliverWithdrawals(caller: string, lines: readonly WithdrawalNoticeLine[]): Promise<readonly LineOutcome<true>[]> {
    this.#assertCore(caller);
    const { outcomes } = await this.#routing.eachServer(
      lines,
      (line) => this.#routing.serverOf('provider', line.provider),
      async (server, notices) => {
        const answers = await server.endWithdrawn(this.parts.id, notices);
        const reports = answers.flatMap((answer) => (answer.ok && answer.value ? [answer.value] : []));
        if (reports.length > 0) await this.#out.report(reports);
        return { outcomes: answers.map((answer) => (answer.ok ? succeeded(true as const) : answer)) };
      },
    );
    return outcomes;
  }
  override async deliverIdentifierChanges(caller: string, lines: readonly IdentifierChangeLine[]): Promise<readonly LineOutcome<true>[]> {
    this.#assertCore(caller);
    const { outcomes } = await this.#routing.eachServer(
      lines,
      (line) => this.#routing.serverOf('holder', line.holder),
      async (server, changes) => ({ outcomes: await server.changeIdentifiers(this.parts.id, changes) }),
    );
    return outcomes;
  }
  override async tellRecords(caller: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold>> {
    this.#assertCore(caller);
    const { directory, id: self, refusals } = this.parts;
    await directory.know(lines.map(({ agency }) => agency));
    return this.#routing.eachServer(
      lines,
      (line) => this.#routing.serverOf('holder', line.agency),
      (server, asked, id) => toldRecords({ self, checks: this.#checks, refusals }, server, id, asked),
    );
  }

  // ─ from another interface system, to the requester's server behind this one

  override deliverProvisions(caller: string, lines: readonly ProvisionLine[]): Promise<Proven<ReceiptLine | null>> {
    return this.#in.take(caller, lines);
  }

  #assertCore(caller: string): void {
    if (caller !== this.parts.coreId) throw new DomainError('NOT_THE_CORE', 'forbidden', 'only the core may call this');
  }
}
