import { randomUUID } from 'node:crypto';
import { type AgencyClient, type QueryState, type SubmitQueryLine, valueOf } from '#libs/agency-sdk';
import { newExchangeId } from '#libs/cryptography';
import { legalDay } from '#libs/kernel';
import type { Language, Mark, Terminal, TimelineEntry } from '#libs/terminal';
import { labelOf, type CastAgency } from '../cast/agencies.js';
import { affairOf, informationName, procedureOf } from '../cast/law.js';
import { inAgencyNumber } from '../cast/people.js';
import type { Nation } from '../nation/nation.js';
import { type Comparison, compareRecords } from '../records/three-records.js';
import { type Ask, deviationOf, outcomeOf, wordOf } from './ask.js';
import { groupedBy } from '../grouped.js';
import type { BulkReport, CaseReport, ExchangeReport } from './report.js';
import { FIELD_NAMES_JA, stageTexts } from './stage.texts.js';

const MS_A_SECOND = 1_000;
const SUBMIT_WAIT_MS = 2_000;
const POLL_MS = 25;
/** Time that the receipt may take to reach the core after the requester has the data. */
const RECEIPT_TIMEOUT_MS = 10_000;
const DECISION_TIMEOUT_MS = 10_000;

/** One exchange as it ended, and all that was seen of it. */
export interface Asked {
  readonly ask: Ask;
  readonly exchangeId: string;
  readonly state: QueryState | undefined;
  readonly comparison: Comparison;
  readonly elapsedMs: number;
  /** What was received, in a line. */
  readonly contents?: string;
}

/** `09:00:04` in Japan. */
export const timeOfDay = (instant: string): string => new Date(Date.parse(instant) + 9 * 3_600_000).toISOString().slice(11, 19);

/**
 * Where a case plays: it asks through the agencies' own clients, compares what came out with what the law says, compares the
 * three records, and tells it all as a timeline and as a report.
 */
export class Stage {
  readonly #exchanges: ExchangeReport[] = [];
  readonly #bulks: BulkReport[] = [];
  readonly #deviations: string[] = [];
  readonly #startedMs = performance.now();
  readonly #texts;

  constructor(
    readonly nation: Nation,
    /** Undefined where nobody reads: only the report counts. */
    readonly terminal: Terminal | undefined,
    readonly language: Language,
  ) {
    this.#texts = stageTexts(language);
  }

  get isClean(): boolean {
    return this.#deviations.length === 0;
  }
  label(agency: CastAgency): string {
    return labelOf(agency, this.language);
  }
  now(): string {
    return this.nation.clock.now();
  }

  /** Tells an entry at the present time. */
  tell(mark: Mark, title: string, details: readonly string[] = []): void {
    this.#print([{ mark, time: timeOfDay(this.now()), title, details }]);
  }

  /** Notes a deviation where something is not as declared. */
  check(holds: boolean, what: string): void {
    if (holds) return;
    this.#deviations.push(what);
    this.tell('failed', this.#texts.deviation(what));
  }

  /** Submits queries that belong to one application, follows each to its outcome, and tells what came of them. */
  async ask(asks: readonly Ask[]): Promise<readonly Asked[]> {
    const asked = await this.askQuietly(asks);
    for (const one of asked) this.#tellAsked(one);
    return asked;
  }

  /** As `ask`, without telling: for exchanges that a case tells in its own words. Deviations count all the same. */
  async askQuietly(asks: readonly Ask[]): Promise<readonly Asked[]> {
    const byRequester = groupedBy(asks, ({ requester }) => requester);
    const groups = await Promise.all([...byRequester].map(([requester, group]) => this.#askOf(requester, group)));
    const found = new Map(groups.flat().map((one) => [one.ask, one]));
    const asked = asks.map((ask) => found.get(ask) as Asked);
    for (const one of asked) this.#record(one);
    return asked;
  }

  /** The line that a query is submitted with. */
  lineOf(ask: Ask, more: Partial<Pick<SubmitQueryLine, 'applicationId'>> = {}): SubmitQueryLine {
    const { requester, institution, provider, providerInstitution, person, item, information, period, department, nonDisclosure = false } = ask;
    const affair = ask.affair ?? affairOf(item ?? '');
    const procedure = ask.affair === undefined && item !== undefined ? procedureOf(item) : undefined;
    return {
      exchangeId: newExchangeId(Date.parse(this.now())),
      inAgencyNumber: inAgencyNumber(requester, person),
      ...(institution === undefined ? {} : { institution: institution.code }),
      provider: provider.code,
      ...(providerInstitution === undefined ? {} : { providerInstitution: providerInstitution.code }),
      affair,
      ...(procedure === undefined ? {} : { procedure }),
      information,
      ...(period === undefined ? {} : { period }),
      department,
      nonDisclosure,
      ...more,
    };
  }

  /** Adds a bulk to the report. */
  addBulk(report: BulkReport): void {
    this.#bulks.push(report);
  }

  report(name: string, title: string): CaseReport {
    return {
      case: name,
      title,
      day: legalDay(this.now()),
      asTheLawSays: this.isClean,
      deviations: this.#deviations,
      exchanges: this.#exchanges,
      bulks: this.#bulks,
      elapsedMs: Math.round(performance.now() - this.#startedMs),
    };
  }

  async #askOf(requester: CastAgency, asks: readonly Ask[]): Promise<readonly Asked[]> {
    const client = this.nation.client(requester);
    const applicationId = asks.length > 1 ? randomUUID() : undefined;
    const lines = asks.map((ask) => this.lineOf(ask, applicationId === undefined ? {} : { applicationId }));
    const stays = asks.every(({ expected }) => expected.outcome === 'permitted');
    for (const result of await client.submitQueries(lines, { waitMs: stays ? 0 : SUBMIT_WAIT_MS })) valueOf(result);
    const following = asks.flatMap(({ expected }, index) => (expected.outcome === 'permitted' ? [] : [lines[index]?.exchangeId ?? '']));
    const followed = await client.waitForOutcomes(following, { pollMs: POLL_MS });
    return Promise.all(
      asks.map(async (ask, index): Promise<Asked> => {
        const { exchangeId } = lines[index] as SubmitQueryLine;
        const state = followed.get(exchangeId) ?? (await this.decidedState(client, exchangeId));
        return this.outcomeOf(ask, client, exchangeId, state);
      }),
    );
  }

  /** Everything about an exchange as it stands now; what was received is fetched and acknowledged. */
  async outcomeOf(ask: Ask, client: AgencyClient, exchangeId: string, state: QueryState): Promise<Asked> {
    const { result, decision, end, requestedAt } = state;
    const until = result?.receivedAt ?? end?.endedAt ?? (decision ? this.now() : requestedAt);
    const elapsedMs = Math.max(0, Date.parse(until) - Date.parse(requestedAt));
    const contents = state.status === 'received' ? { contents: await this.#fetch(client, exchangeId) } : {};
    return { ask, exchangeId, state, comparison: await this.compare(ask, exchangeId, state), elapsedMs, ...contents };
  }

  /** The state once the core has decided. */
  async decidedState(client: AgencyClient, exchangeId: string): Promise<QueryState> {
    const untilMs = performance.now() + DECISION_TIMEOUT_MS;
    for (;;) {
      const state = await client.query(exchangeId);
      if (state.status !== 'submitted' || performance.now() > untilMs) return state;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #fetch(client: AgencyClient, exchangeId: string): Promise<string> {
    const { replicas } = await client.result(exchangeId);
    for (const acknowledged of await client.acknowledgeResults([{ exchangeId }])) valueOf(acknowledged);
    return replicas.map(({ content }) => contentLine(content, this.language)).join(' / ');
  }

  /** The three records compared; a received provision's receipt may still be on its way to the core. */
  async compare(ask: Ask, exchangeId: string, state: QueryState | undefined): Promise<Comparison> {
    const keepers = this.nation.keepers(ask.requester, ask.provider);
    const untilMs = performance.now() + RECEIPT_TIMEOUT_MS;
    for (;;) {
      const [comparison] = await compareRecords(keepers, [exchangeId]);
      const settled = comparison?.disagreements.length === 0 || (state?.status !== 'received' && state?.status !== 'ended');
      if (comparison && (settled || performance.now() > untilMs)) return comparison;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #record({ ask, exchangeId, state, comparison, elapsedMs }: Asked): void {
    const { requester, provider, information, period, expected } = ask;
    const deviation = deviationOf(expected, state);
    const name = `${this.label(requester)} → ${this.label(provider)}, ${informationName(information, this.language)}`;
    if (deviation !== undefined) this.#deviations.push(`${name}: ${deviation}`);
    if (comparison.disagreements.length > 0) this.#deviations.push(`${name}: the records disagree in ${comparison.disagreements.join(', ')}`);
    if (expected.outcome === 'denied' && comparison.events.provider > 0) this.#deviations.push(`${name}: the provider was told of a denied query`);
    const { item, table, article } = state?.decision ?? {};
    this.#exchanges.push({
      exchangeId,
      requester: requester.code,
      provider: provider.code,
      affair: state?.affair ?? '',
      information,
      ...(period === undefined ? {} : { period }),
      expected: wordOf(expected),
      outcome: state === undefined ? 'missing' : outcomeOf(state),
      ...(item === undefined ? {} : { item }),
      ...(table === undefined ? {} : { table }),
      ...(article === undefined ? {} : { article }),
      elapsedMs,
      records: { facts: comparison.facts, references: comparison.references, disagreements: comparison.disagreements },
    });
  }

  #tellAsked(asked: Asked): void {
    const { ask, state } = asked;
    const deviation = deviationOf(ask.expected, state);
    const failed = deviation !== undefined || asked.comparison.disagreements.length > 0;
    const mark: Mark = failed ? 'failed' : ask.expected.outcome === 'denied' ? 'refused' : ask.expected.outcome === 'received' ? 'done' : 'waiting';
    const details = [...this.outcomeLines(asked), ...(deviation === undefined ? [] : [this.#texts.deviation(deviation)])];
    this.#print([{ mark, time: timeOfDay(state?.requestedAt ?? this.now()), title: this.titleOf(ask), details }]);
  }

  titleOf({ requester, institution, provider, providerInstitution, person, information, period }: Ask): string {
    const side = (holder: CastAgency, behind?: CastAgency): string =>
      behind === undefined ? this.label(holder) : this.#texts.behalf(this.label(holder), this.label(behind));
    const what = `${informationName(information, this.language)}${period === undefined ? '' : this.language === 'ja' ? `（${period}年度）` : ` ${period}`}`;
    return this.#texts.asks(side(requester, institution), side(provider, providerInstitution), what, person.name[this.language]);
  }

  /** What came of it, and that the records agree. */
  outcomeLines(asked: Asked): string[] {
    const { state, comparison } = asked;
    const texts = this.#texts;
    const { decision } = state ?? {};
    const { disagreements, facts, references, nonDisclosure, events } = comparison;
    const sealed = nonDisclosure.requester && nonDisclosure.core && nonDisclosure.provider;
    const agree = events.provider > 0 ? texts.recordsAgree : texts.twoRecordsAgree;
    return [
      ...(decision?.permitted ? [texts.permitted(decision.item ?? '', decision.table ?? '')] : []),
      this.#endLine(asked),
      disagreements.length > 0 ? texts.recordsDisagree(disagreements.join(', ')) : agree(facts, references),
      ...(sealed ? [texts.sealed] : []),
    ];
  }

  #endLine({ state, elapsedMs, contents = '' }: Asked): string {
    const texts = this.#texts;
    const { reason = '', article = '', sentence } = state?.decision ?? {};
    if (state?.status === 'received') return texts.provided(elapsedMs, contents);
    if (state?.status === 'denied') return texts.denied(reason, article, sentence?.[this.language] ?? '');
    if (state?.status === 'ended') return texts.ended(texts.endReason(state.end?.reason ?? ''));
    return texts.open(state?.status ?? '');
  }

  #print(entries: readonly TimelineEntry[]): void {
    this.terminal?.timeline(entries);
  }
}

/** A provided content in a line: `totalIncome 4,120,000 · dependants 2`. */
export function contentLine(content: Readonly<Record<string, unknown>>, language: Language): string {
  return Object.entries(content)
    .map(
      ([name, value]) =>
        `${language === 'ja' ? (FIELD_NAMES_JA[name] ?? name) : name} ${typeof value === 'number' ? value.toLocaleString('en-US') : String(value)}`,
    )
    .join(' · ');
}

export const secondsOf = (elapsedMs: number): string => (elapsedMs / MS_A_SECOND).toFixed(1);
