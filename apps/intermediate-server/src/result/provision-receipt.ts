import { Injectable } from '@nestjs/common';
import type { Execution, Stored } from '#libs/commands';
import type { Query, QueryCommand, QueryEvent } from '#libs/domain';
import { DomainError, plusMs } from '#libs/kernel';
import { type DeliveredProvisionLine, type LineOutcome, type Place, type Proven, type ReceiptLine, succeeded } from '#libs/protocol';
import { Hosting } from '../hosting/hosting.js';
import { OutcomeWaiters } from '../query/outcome-waiters.js';
import { QueryEndings, type QueryName } from '../query/query-endings.js';
import { type QueryHistory, queryOf, submittedOf } from '../query/query-state.js';
import { Withdrawals } from '../query/withdrawals.js';
import type { ServerLog } from '../log/server-log.js';
import { Recording } from '../record/recording.js';
import { ServerParts } from '../server-parts.js';
import type { MailboxEntry } from './result-mailbox.js';

type Result = LineOutcome<ReceiptLine | null>;
type Receipt = { -readonly [Name in keyof ReceiptLine]: ReceiptLine[Name] };
/** What one call answers, and the stored events that its receipts are of, which are proved together. */
class Receipts {
  readonly outcomes: Result[];
  readonly #received: { readonly stored: Stored<QueryEvent>; readonly receipt: Receipt }[] = [];

  constructor(lines: number) {
    this.outcomes = new Array<Result>(lines);
  }

  refuse(index: number, refusal: Result): void {
    this.outcomes[index] = refusal;
  }

  /** The receipt, from the stored bytes; null where nothing was received. */
  give(index: number, { exchangeId, requester }: DeliveredProvisionLine, history: QueryHistory): void {
    const stored = history.find(({ event }) => event.type === 'ProvisionReceived');
    if (!stored) {
      this.outcomes[index] = succeeded(null);
      return;
    }
    const { receivedAt } = stored.event.data as { readonly receivedAt: string };
    const receipt: Receipt = { exchangeId, requester, receivedAt, requesterLeaf: stored.leaf };
    this.#received.push({ stored, receipt });
    this.outcomes[index] = succeeded(receipt);
  }

  async proven(log: ServerLog): Promise<Proven<ReceiptLine | null>> {
    const { outcomes } = this;
    const proof = await log.prove(this.#received.map(({ stored }) => stored));
    if (proof === undefined) return { outcomes };
    for (const [at, { receipt }] of this.#received.entries()) receipt.place = proof.places[at] as Place;
    return { outcomes, proofs: [proof.proof] };
  }
}
interface Accepted {
  readonly index: number;
  readonly execution: Execution<QueryCommand>;
  readonly entry?: MailboxEntry;
}
const refused = (code: string, message: string, field: string): DomainError => new DomainError(code, 'unprocessable', message, { field });

/** Takes in what providers send: first durable in the mailbox, then recorded and in the log, then told to be received. */
@Injectable()
export class ProvisionReceipt {
  constructor(
    private readonly parts: ServerParts,
    private readonly hosting: Hosting,
    private readonly recording: Recording,
    private readonly endings: QueryEndings,
    private readonly waiters: OutcomeWaiters,
    private readonly withdrawals: Withdrawals,
  ) {}

  async receive(caller: string, lines: readonly DeliveredProvisionLine[]): Promise<Proven<ReceiptLine | null>> {
    await this.hosting.know(lines.map(({ requester }) => requester));
    const histories: readonly QueryHistory[] = await this.parts.party.recorder.load(lines.map(({ exchangeId }) => `query-${exchangeId}`));
    const receivedAt = this.parts.now();
    const receipts = new Receipts(lines.length);
    const accepted: Accepted[] = [];
    for (const [index, line] of lines.entries()) {
      const history = histories[index] as QueryHistory;
      try {
        this.hosting.assertSpeaksFor(caller, line.requester, 'requester');
        const taken = this.#judge(line, history, receivedAt);
        if (taken) accepted.push({ index, ...taken });
        else receipts.give(index, line, history);
      } catch (error) {
        receipts.refuse(index, this.parts.failed(error));
      }
    }
    await this.parts.mailbox.put(accepted.flatMap(({ entry }) => (entry ? [entry] : [])));
    await this.#record(lines, accepted, receipts);
    return receipts.proven(this.parts.serverLog);
  }

  async #record(lines: readonly DeliveredProvisionLine[], accepted: readonly Accepted[], receipts: Receipts): Promise<void> {
    const outcomes = await this.recording.queries(accepted.map(({ execution }) => execution));
    const settled: string[] = [];
    const unwanted = new Map<string, string[]>();
    for (const [at, { index, entry }] of accepted.entries()) {
      const line = lines[index] as DeliveredProvisionLine;
      const outcome = outcomes[at];
      if (outcome?.status === 'fulfilled') {
        receipts.give(index, line, outcome.value.history);
        settled.push(line.exchangeId);
        continue;
      }
      receipts.refuse(index, this.parts.failed(outcome?.reason));
      // refused by the record (withdrawn meanwhile, other data before it): what was put in goes out again
      if (entry && isRefusal(outcome?.reason)) unwanted.set(line.requester, [...(unwanted.get(line.requester) ?? []), line.exchangeId]);
    }
    for (const [agency, exchangeIds] of unwanted) await this.#removeUnrecorded(agency, exchangeIds);
    this.waiters.settled(settled);
  }

  /** Never takes out what another delivery of the same exchange has recorded meanwhile. */
  async #removeUnrecorded(agency: string, exchangeIds: readonly string[]): Promise<void> {
    const histories: readonly QueryHistory[] = await this.parts.party.recorder.load(exchangeIds.map((exchangeId) => `query-${exchangeId}`));
    await this.parts.mailbox.remove(
      agency,
      exchangeIds.filter((_, at) => !(histories[at] as QueryHistory).some(({ event }) => event.type === 'ProvisionReceived')),
    );
  }

  /** What is to be recorded; undefined where it was received before. */
  #judge(line: DeliveredProvisionLine, history: QueryHistory, receivedAt: string): Omit<Accepted, 'index'> | undefined {
    const { exchangeId, requester: agency, at, nonDisclosure, providerLeaf } = line;
    const submitted = submittedOf(history, agency);
    assertOfThisQuery(line, submitted.provider, history);
    const name = { exchangeId, agency, requestedAt: submitted.requestedAt, known: history };
    if (line.outcome === 'not-made') {
      const data = { endedAt: at, reason: line.reason ?? 'NO_RECORD', nonDisclosure, providerLeaf };
      return { execution: this.endings.execution(name, { type: 'EndQuery', data }, receivedAt) };
    }
    const query = queryOf(history) as Submitted;
    const { digest, payload } = line;
    if (digest === undefined || payload === undefined) throw refused('PROVISION_WITHOUT_DATA', 'a provision that was made carries digest and data', 'payload');
    if (query.end === 'received' && query.digest === digest) return undefined;
    if (query.end === 'withdrawn') this.withdrawals.tell(name, history);
    if (query.validUntil !== undefined && at >= query.validUntil) throw refused('PROVISION_TOO_LATE', 'the data was provided after the validity period', 'at');
    return this.#taken({ ...line, digest, payload }, name, submitted, query, receivedAt);
  }

  #taken(
    { exchangeId, requester: agency, provider, at, nonDisclosure, providerLeaf, decisionLeaf, items = [], digest, payload }: MadeLine,
    name: QueryName,
    { applicationId, information }: ReturnType<typeof submittedOf>,
    query: Submitted,
    receivedAt: string,
  ): Omit<Accepted, 'index'> {
    const keptUntil = plusMs(receivedAt, this.parts.settings.mailboxKeptMs);
    const told = { items, providedAt: at, receivedAt, keptUntil, digest };
    const reference = { exchangeId, agency, provider, information, ...told, ...(applicationId === undefined ? {} : { applicationId }) };
    const command: QueryCommand = { type: 'ReceiveProvision', data: { ...told, nonDisclosure, providerLeaf, decisionLeaf } };
    const execution = this.endings.execution(name, command, receivedAt);
    // what the record refuses anyway is not put into the mailbox at all
    const takesIn = (query.end === 'open' || query.end === 'ended') && query.decision !== 'denied';
    return takesIn ? { execution, entry: { reference, payload } } : { execution };
  }
}

type Submitted = Extract<Query, { status: 'submitted' }>;
type MadeLine = DeliveredProvisionLine & { readonly digest: string; readonly payload: string };

function assertOfThisQuery({ provider, decisionLeaf }: DeliveredProvisionLine, asked: string, history: QueryHistory): void {
  if (provider !== asked) throw refused('PROVISION_OF_ANOTHER_PROVIDER', 'the data is not from the provider that was asked', 'provider');
  const decided = decisionIn(history);
  if (decided !== undefined && decided !== decisionLeaf) throw refused('PROVISION_OF_ANOTHER_DECISION', 'the data rests on another decision', 'decisionLeaf');
}

const isRefusal = (reason: unknown): boolean => reason instanceof DomainError && reason.kind === 'conflict';

function decisionIn(history: QueryHistory): string | undefined {
  for (const { event } of history) if (event.type === 'QueryDecisionReceived') return (event.data as { readonly decisionLeaf: string }).decisionLeaf;
  return undefined;
}
