import { provisionDigest, type TransportSealer } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import {
  type CorePort,
  type DirectoryCache,
  failed,
  type InterfaceSystemPort,
  type LineOutcome,
  type Proven,
  type ProvisionAnswer,
  type ProvisionLine,
  type ProvisionReportLine,
  type ReceiptLine,
  type RecordedAnswer,
  succeeded,
} from '#libs/protocol';
import type { ProofChecks } from './ledger/proof-checks.js';
import type { Refusals } from './ledger/refusals.js';
import { byDestination, Outcomes, type Routed } from './relay.js';

export interface ProvisionsOutParts {
  readonly id: string;
  readonly core: CorePort;
  readonly directory: DirectoryCache;
  readonly sealer: TransportSealer;
  readonly interfaceSystem: (id: string) => InterfaceSystemPort;
  readonly checks: ProofChecks;
  readonly refusals: Refusals;
}

type Recorded = LineOutcome<RecordedAnswer>;

/** The provider's answers, on to the core (facts) and to the requesters' interface systems (data, sealed). */
export class ProvisionsOut {
  constructor(private readonly parts: ProvisionsOutParts) {}

  /** Of answers to demands; what was not answered stays refused. */
  async passAnswersOn(answers: readonly LineOutcome<ProvisionAnswer>[]): Promise<readonly LineOutcome<true>[]> {
    const made = answers.flatMap((answer, index) => (answer.ok ? [{ index, line: answer.value }] : []));
    const outcomes = new Outcomes<true>(answers.length);
    for (const [index, answer] of answers.entries()) if (!answer.ok) outcomes.set(index, answer);
    const passed = await this.passOn(made.map(({ line }) => line));
    for (const [at, { index }] of made.entries()) outcomes.set(index, passed[at] as LineOutcome<true>);
    return outcomes.all();
  }

  /** Reports to the core and, beside it, sends the sealed data to the requesters' interface systems. Done when both are, and both are proved. */
  async passOn(answers: readonly ProvisionAnswer[]): Promise<readonly LineOutcome<true>[]> {
    if (answers.length === 0) return [];
    const reported = this.report(answers).catch((error: unknown): readonly Recorded[] => answers.map(() => failed(error)));
    const delivered = new Outcomes<true>(answers.length);
    const going: Routed<ProvisionAnswer>[] = [];
    for (const [index, line] of answers.entries()) {
      if (line.outcome === 'held') delivered.set(index, succeeded(true));
      else going.push({ index, line });
    }
    await Promise.all([...byDestination(going, (line) => line.requesterInterfaceSystem)].map(([to, group]) => this.#deliver(to, group, delivered)));
    const reports = await reported;
    return delivered.all().map((outcome, index) => {
      if (!outcome.ok) return outcome;
      const report = reports[index] as Recorded;
      return report.ok ? succeeded(true) : report;
    });
  }

  /** Tells the core everything but the data; what it recorded stands in its log. Rejects where nothing is known to have been recorded. */
  async report(answers: readonly ProvisionAnswer[]): Promise<readonly Recorded[]> {
    const { core, id, checks } = this.parts;
    return this.checked(await core.reportProvisions(id, answers.map(reportOf), checks.seen));
  }

  /** What the core says that it recorded, where its log holds it. */
  async checked({ outcomes, proofs }: Proven<RecordedAnswer>): Promise<readonly Recorded[]> {
    const { checks, refusals } = this.parts;
    const shown = await checks.answeredByCore(proofs, placesOf(outcomes));
    return outcomes.map((outcome) => {
      if (!outcome.ok) return outcome;
      try {
        refusals.counting(() => shown.assertLeaf(outcome.value.leaf, outcome.value.place));
        return outcome;
      } catch (error) {
        return failed(error);
      }
    });
  }

  async #deliver(to: string, group: readonly Routed<ProvisionAnswer>[], outcomes: Outcomes<true>): Promise<void> {
    try {
      await this.parts.directory.server(to);
      const lines = group.map(({ line }) => this.#sealed(to, line));
      const answer = await this.parts.interfaceSystem(to).deliverProvisions(this.parts.id, lines);
      const received = await this.#received(lines, answer);
      for (const [at, { index }] of group.entries()) outcomes.set(index, received[at] as LineOutcome<true>);
    } catch (error) {
      outcomes.fail(
        group.map(({ index }) => index),
        error,
      );
    }
  }

  /** A receipt counts where it is of this provision, and stands in the log of the requester's server. */
  async #received(lines: readonly ProvisionLine[], { outcomes, proofs }: Proven<ReceiptLine | null>): Promise<readonly LineOutcome<true>[]> {
    const { directory, checks, refusals } = this.parts;
    await directory.know(lines.map(({ requester }) => requester));
    const all = new Outcomes<true>(lines.length);
    const receipts: Routed<ReceiptLine>[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      if (!outcome.ok) all.set(index, outcome);
      else if (outcome.value === null) all.set(index, succeeded(true));
      else receipts.push({ index, line: outcome.value });
    }
    const serverOf = ({ index }: Routed<ReceiptLine>): string => directory.agencyNow(lines[index]?.requester ?? '')?.intermediateServer ?? '';
    for (const [server, group] of byServer(receipts, serverOf)) {
      const shown = await checks.answeredByServer(
        server,
        proofs,
        group.map(({ line }) => line.place),
      );
      for (const { index, line } of group) {
        try {
          refusals.counting(() => {
            assertReceiptOf(lines[index] as ProvisionLine, line);
            shown.assertLeaf(line.requesterLeaf, line.place);
          });
          all.set(index, succeeded(true));
        } catch (error) {
          all.set(index, failed(error));
        }
      }
    }
    return all.all();
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
}

function byServer<Line>(lines: readonly Routed<Line>[], serverOf: (line: Routed<Line>) => string): Map<string, Routed<Line>[]> {
  const groups = new Map<string, Routed<Line>[]>();
  for (const line of lines) {
    const server = serverOf(line);
    const group = groups.get(server);
    if (group) group.push(line);
    else groups.set(server, [line]);
  }
  return groups;
}

function assertReceiptOf({ exchangeId, requester }: ProvisionLine, receipt: ReceiptLine): void {
  if (receipt.exchangeId === exchangeId && receipt.requester === requester) return;
  throw new DomainError('RECEIPT_OF_ANOTHER_EXCHANGE', 'unavailable', 'the receipt is of another exchange');
}

function* placesOf(outcomes: readonly Recorded[]) {
  for (const outcome of outcomes) if (outcome.ok) yield outcome.value.place;
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
