import { Injectable } from '@nestjs/common';
import { proveStored, type Stored } from '#libs/commands';
import { type ExchangeEvent, reconcile, type Reconciliation, type ThreeRecords } from '#libs/domain';
import type { LineOutcome, Proven, RecordTold, TellRecordLine } from '#libs/protocol';
import { isDomainError } from '#libs/platform';
import { CORE, CoreParts } from '../core-parts.js';
import { eventOf, exchangeStream } from '../exchanges/exchange-stream.js';
import { InterfaceSystems } from '../notifier/interface-systems.js';
import type { FoundExchange, Unproved } from './reconciliation-findings.js';
import { type Asked, type PartyEvidence, type ToldRecord, ToldRecords } from './told-record.js';

type History = readonly Stored<ExchangeEvent>[];
type Side = 'requester' | 'provider';
/** What one side told: its record, `unproved` where that does not hold, or nothing yet, with what stood in the way. */
type Answer = { readonly kind: 'told'; readonly party: string; readonly record: ToldRecord } | { readonly kind: 'unproved' | 'silent'; readonly code: string };

/** What came of asking both sides of an exchange. */
export type Judged =
  | { readonly status: 'matched'; readonly late: boolean }
  | { readonly status: 'found'; readonly found: FoundExchange }
  /** Something is still to come, or a party could not be asked: to be looked at again. */
  | { readonly status: 'unmatched'; readonly code: string }
  /** More has been recorded of it since: that is looked at in its own turn. */
  | { readonly status: 'superseded' };

export interface ToJudge {
  readonly exchangeId: string;
  /** Revision of the event that it is looked at for. */
  readonly revision: number;
}
interface Parties {
  readonly requester: string;
  readonly provider: string;
  /** Those that are asked: a provider that was never notified must not learn of the query. */
  readonly asked: readonly Side[];
}
interface Line {
  readonly index: number;
  readonly side: Side;
  readonly asked: Asked;
  readonly party: string;
  readonly line: TellRecordLine;
}
const silent = (code: string): Answer => ({ kind: 'silent', code });

/** Asks both sides of exchanges for their own records, verifies the proofs, and holds them against the core's (design.md §1.6). */
@Injectable()
export class ExchangeReconciler {
  constructor(
    private readonly parts: CoreParts,
    private readonly interfaceSystems: InterfaceSystems,
  ) {}

  /** In the order asked. Rejects only where the core's own record cannot be read or proved. */
  async judge(exchanges: readonly ToJudge[]): Promise<readonly Judged[]> {
    const histories = await this.parts.recorder.load<ExchangeEvent>(exchanges.map(({ exchangeId }) => exchangeStream(exchangeId)));
    const parties = exchanges.map(({ revision }, at) =>
      (histories[at]?.at(-1)?.event.revision ?? -1) === revision ? partiesOf(histories[at] ?? []) : undefined,
    );
    const answers = exchanges.map((): Partial<Record<Side, Answer>> => ({}));
    const lines = exchanges.flatMap((exchange, index) => this.#linesOf(exchange.exchangeId, index, parties[index], answers[index] ?? {}));
    await Promise.all(
      [...bySystem(lines, ({ line }) => this.parts.register.interfaceSystemOf(line.agency) ?? '')].map(([id, own]) => this.#ask(id, own, answers)),
    );
    const judged: Judged[] = [];
    for (const [at, { exchangeId }] of exchanges.entries()) {
      const known = parties[at];
      judged.push(known ? await this.#judged(exchangeId, histories[at] ?? [], known, answers[at] ?? {}) : { status: 'superseded' });
    }
    return judged;
  }

  #linesOf(exchangeId: string, index: number, parties: Parties | undefined, answers: Partial<Record<Side, Answer>>): Line[] {
    return (parties?.asked ?? []).flatMap((side) => {
      const agency = parties?.[side] ?? '';
      const party = this.parts.register.agency(agency)?.state.intermediateServer;
      const log = party === undefined ? undefined : this.parts.register.witnessedLog(party);
      if (party === undefined || log?.origin === undefined) {
        answers[side] = silent(party === undefined ? 'AGENCY_NOT_HOSTED' : 'LEDGER_KEY_UNKNOWN');
        return [];
      }
      return [{ index, side, party, line: { exchangeId, agency }, asked: { exchangeId, agency, origin: log.origin, keys: log.keys } }];
    });
  }

  async #ask(interfaceSystem: string, lines: readonly Line[], answers: Partial<Record<Side, Answer>>[]): Promise<void> {
    const told = await this.#told(
      interfaceSystem,
      lines.map(({ line }) => line),
    );
    const records = typeof told === 'string' ? undefined : new ToldRecords(told.proofs ?? []);
    for (const [at, { index, side, asked, party }] of lines.entries()) {
      const answer = typeof told === 'string' || !records ? silent(String(told)) : answerOf(told.outcomes[at], records, asked, party);
      (answers[index] as Partial<Record<Side, Answer>>)[side] = answer;
    }
  }

  /** The code of what stood in the way, where nothing was told. */
  async #told(interfaceSystem: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold> | string> {
    try {
      return await this.interfaceSystems.of(interfaceSystem).tellRecords(CORE, lines);
    } catch (error) {
      return isDomainError(error) ? error.code : 'INTERNAL';
    }
  }

  async #judged(exchangeId: string, core: History, parties: Parties, answers: Partial<Record<Side, Answer>>): Promise<Judged> {
    const asOf = this.parts.clock.now();
    const records: ThreeRecords = {
      core: core.map((stored) => ({ event: stored.event, leaf: stored.leaf })) as NonNullable<ThreeRecords['core']>,
      requester: recordOf(answers.requester)?.query,
      provider: recordOf(answers.provider)?.provision,
    };
    const unproved = parties.asked.flatMap((side): Unproved[] =>
      answers[side]?.kind === 'unproved' ? [{ kind: 'conflicting', code: 'RECORD_UNPROVED', parties: [side], field: 'proof' }] : [],
    );
    const reconciled = reconcile(records, { now: asOf, patienceMs: this.parts.settings.reconcileAfterMs });
    const findings = [...unproved, ...reconciled.findings];
    if (findings.length === 0) return settled(reconciled, answers);
    const { requester, provider } = parties;
    const evidence = await this.#evidence(core, answers);
    return { status: 'found', found: { exchangeId, requester, provider, outcome: reconciled.outcome, asOf, findings, evidence } };
  }

  async #evidence(core: History, answers: Partial<Record<Side, Answer>>): Promise<readonly PartyEvidence[]> {
    const { ledger } = this.parts.party;
    const proved = ledger && (await proveStored(ledger, core));
    const own: PartyEvidence = {
      role: 'core',
      party: CORE,
      ...(proved === undefined ? {} : { proof: proved.proof }),
      entries: core.map(({ bytes, leaf }, at) => ({
        event: Buffer.from(bytes).toString('utf8'),
        leaf,
        ...(proved?.places[at] === undefined ? {} : { place: proved.places[at] }),
      })),
    };
    const others = (['requester', 'provider'] as const).flatMap((role): PartyEvidence[] => {
      const answer = answers[role];
      if (answer?.kind !== 'told') return [];
      const { entries, proof } = answer.record;
      return [{ role, party: answer.party, entries, ...(proof === undefined ? {} : { proof }) }];
    });
    return [own, ...others];
  }
}

function settled({ status, late, awaited }: Reconciliation, answers: Partial<Record<Side, Answer>>): Judged {
  if (status === 'matched') return { status, late };
  const inTheWay = Object.values(answers).find((answer) => answer.kind === 'silent');
  return { status: 'unmatched', code: inTheWay?.kind === 'silent' ? inTheWay.code : `AWAITED_${awaited[0]?.party.toUpperCase() ?? ''}` };
}

const recordOf = (answer: Answer | undefined): ToldRecord | undefined => (answer?.kind === 'told' ? answer.record : undefined);

function answerOf(outcome: LineOutcome<RecordTold> | undefined, records: ToldRecords, asked: Asked, party: string): Answer {
  if (outcome === undefined) return silent('UPSTREAM_MALFORMED');
  if (!outcome.ok) {
    const { code } = outcome.problem;
    // it says itself that it has none: that is an answer
    return code === 'EXCHANGE_NOT_RECORDED' ? { kind: 'told', party, record: { query: [], provision: [], entries: [] } } : silent(code);
  }
  const record = records.verify(outcome.value, asked);
  return record ? { kind: 'told', party, record } : { kind: 'unproved', code: 'RECORD_UNPROVED' };
}

/** Undefined where there is no decision to begin with. */
function partiesOf(history: History): Parties | undefined {
  const decision = history[0] && eventOf(history[0]);
  if (decision?.type !== 'QueryPermitted' && decision?.type !== 'QueryDenied') return undefined;
  const { requester, provider } = decision.data;
  const isNotified = decision.type === 'QueryPermitted' && !history.some(({ event }) => event.type === 'NotificationImpossible');
  return { requester, provider, asked: isNotified ? ['requester', 'provider'] : ['requester'] };
}

function bySystem(lines: readonly Line[], systemOf: (line: Line) => string): ReadonlyMap<string, readonly Line[]> {
  const groups = new Map<string, Line[]>();
  for (const line of lines) groups.set(systemOf(line), [...(groups.get(systemOf(line)) ?? []), line]);
  return groups;
}
