import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Executed, exchangeCommands, type Execution, type Stored } from '#libs/commands';
import type { ExchangeCommand, ExchangeEvent } from '#libs/domain';
import { assertNever, invalid, plusMs } from '#libs/kernel';
import {
  failed,
  type LineOutcome,
  notSpokenFor,
  type Place,
  type Proven,
  type ProvisionReportLine,
  type ReceiptLine,
  type RecordedAnswer,
  succeeded,
  type WithdrawQueryLine,
} from '#libs/protocol';
import { CORE, CoreParts, SYSTEM } from '../core-parts.js';
import type { Writable } from '../writable.js';
import { CoreLog } from '../log/core-log.js';
import { Notices } from '../notifier/notices.js';
import { Notifier } from '../notifier/notifier.js';
import { eventOf, exchangeStream } from './exchange-stream.js';

type Role = 'requester' | 'provider';
interface Report<Line> {
  readonly role: Role;
  readonly agencyOf: (line: Line) => string;
  /** When the reporter says it happened, and the leaf hash of its own record. */
  readonly factOf: (line: Line) => { readonly at: string; readonly leaf: string };
  readonly commandOf: (line: Line) => ExchangeCommand;
  readonly recorded: (line: Line, executed: Executed<ExchangeEvent>) => void;
}

/** What the core recorded of a line, and the answer that tells it. */
interface Recorded {
  readonly stored: Stored<ExchangeEvent>;
  readonly answer: Writable<RecordedAnswer>;
}
interface Reported {
  readonly outcomes: readonly LineOutcome<RecordedAnswer>[];
  readonly records: readonly Recorded[];
}

/** The event that took down this report: it names the reporter's own record. Where it was overtaken and nothing is kept of it, the newest. */
function recordOf(history: readonly Stored<ExchangeEvent>[], role: Role, leaf: string): Stored<ExchangeEvent> {
  const found = history.findLast((stored) => {
    const { data } = eventOf(stored);
    return role === 'provider' ? 'providerLeaf' in data && data.providerLeaf === leaf : 'requesterLeaf' in data && data.requesterLeaf === leaf;
  });
  return found ?? (history.at(-1) as Stored<ExchangeEvent>);
}

/** What the other two tell the core of an exchange (art. 23): the provider's answer, the requester's receipt or withdrawal. */
@Injectable()
export class ExchangeReports {
  constructor(
    private readonly parts: CoreParts,
    private readonly commands: CommandBus,
    private readonly notifier: Notifier,
    private readonly notices: Notices,
    private readonly log: CoreLog,
  ) {}

  async reportProvisions(caller: string, lines: readonly ProvisionReportLine[], seen?: number): Promise<Proven<RecordedAnswer>> {
    const reported = await this.#record(caller, lines, {
      role: 'provider',
      agencyOf: ({ provider }) => provider,
      factOf: ({ at, providerLeaf }) => ({ at, leaf: providerLeaf }),
      commandOf: provisionCommand,
      recorded: ({ exchangeId, outcome }) => this.notifier.answered(exchangeId, outcome === 'held' ? 'held' : 'answered'),
    });
    return this.#proven(caller, reported, seen);
  }

  async recordReceipts(caller: string, lines: readonly ReceiptLine[], seen?: number): Promise<Proven<RecordedAnswer>> {
    const reported = await this.#record(caller, lines, {
      role: 'requester',
      agencyOf: ({ requester }) => requester,
      factOf: ({ receivedAt, requesterLeaf }) => ({ at: receivedAt, leaf: requesterLeaf }),
      commandOf: ({ requester, receivedAt, requesterLeaf }) => ({ type: 'RecordReceipt', data: { reporter: requester, receivedAt, requesterLeaf } }),
      recorded: ({ exchangeId }) => this.notifier.ended(exchangeId),
    });
    return this.#proven(caller, reported, seen);
  }

  async withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]): Promise<readonly LineOutcome<true>[]> {
    const { outcomes } = await this.#record(caller, lines, {
      role: 'requester',
      agencyOf: ({ requester }) => requester,
      factOf: ({ withdrawnAt, requesterLeaf }) => ({ at: withdrawnAt, leaf: requesterLeaf }),
      commandOf: ({ requester, withdrawnAt, requesterLeaf }) => ({ type: 'RecordWithdrawal', data: { reporter: requester, withdrawnAt, requesterLeaf } }),
      recorded: ({ exchangeId }, { history }) => {
        this.notifier.ended(exchangeId);
        const decision = history[0] && eventOf(history[0]);
        if (decision?.type === 'QueryPermitted') this.notices.withdrawn({ exchangeId, provider: decision.data.provider });
      },
    });
    return outcomes.map((outcome) => (outcome.ok ? succeeded(true as const) : outcome));
  }

  async #record<Line extends { readonly exchangeId: string }>(caller: string, lines: readonly Line[], report: Report<Line>): Promise<Reported> {
    const outcomes = new Array<LineOutcome<RecordedAnswer>>(lines.length);
    const now = this.parts.clock.now();
    const latest = plusMs(now, this.parts.settings.clockSkewMs);
    const taken: { index: number; line: Line }[] = [];
    const executions: Execution<ExchangeCommand>[] = [];
    for (const [index, line] of lines.entries()) {
      try {
        if (this.parts.register.interfaceSystemOf(report.agencyOf(line)) !== caller) throw notSpokenFor(report.role);
        const { at, leaf } = report.factOf(line);
        if (at > latest) throw invalid('at', 'not later than now', 'what is reported has not happened yet: check the clocks', 'REPORTED_IN_FUTURE');
        executions.push({
          stream: exchangeStream(line.exchangeId),
          command: report.commandOf(line),
          context: { at: now, actor: SYSTEM, correlationId: line.exchangeId, causationId: leaf, keyId: CORE },
        });
        taken.push({ index, line });
      } catch (error) {
        outcomes[index] = failed(error);
      }
    }
    const records: Recorded[] = [];
    if (executions.length === 0) return { outcomes, records };
    const recorded = await this.commands.execute(new exchangeCommands.Batch(executions));
    for (const [position, { index, line }] of taken.entries()) {
      const outcome = recorded[position];
      if (outcome?.status === 'fulfilled') {
        report.recorded(line, outcome.value);
        const stored = recordOf(outcome.value.history, report.role, report.factOf(line).leaf);
        const answer: Writable<RecordedAnswer> = { leaf: stored.leaf };
        outcomes[index] = succeeded(answer);
        records.push({ stored, answer });
      } else outcomes[index] = failed(outcome?.reason);
    }
    return { outcomes, records };
  }

  async #proven(caller: string, { outcomes, records }: Reported, seen?: number): Promise<Proven<RecordedAnswer>> {
    const proof = await this.log.prove(
      caller,
      records.map(({ stored }) => stored),
      seen,
    );
    if (proof === undefined) return { outcomes };
    for (const [at, { answer }] of records.entries()) answer.place = proof.places[at] as Place;
    return { outcomes, proofs: [proof.proof] };
  }
}

function provisionCommand(line: ProvisionReportLine): ExchangeCommand {
  const { provider: reporter, at, providerLeaf, nonDisclosure, items, digest, automatic, reason } = line;
  switch (line.outcome) {
    case 'held':
      return { type: 'RecordHold', data: { reporter, heldAt: at, providerLeaf } };
    case 'not-made':
      return { type: 'RecordNoProvision', data: { reporter, endedAt: at, providerLeaf, nonDisclosure, reason: needed('reason', reason) } };
    case 'made':
      return {
        type: 'RecordProvision',
        data: {
          reporter,
          providedAt: at,
          providerLeaf,
          nonDisclosure,
          items: needed('items', items),
          digest: needed('digest', digest),
          automatic: needed('automatic', automatic),
        },
      };
    default:
      return assertNever(line.outcome as never);
  }
}

function needed<T>(field: string, value: T | undefined): T {
  if (value === undefined) throw invalid(field, 'required', 'this outcome needs a field that is missing');
  return value;
}
