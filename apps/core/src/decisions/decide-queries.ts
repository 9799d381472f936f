import { CommandBus } from '@nestjs/cqrs';
import { Injectable } from '@nestjs/common';
import { type Executed, exchangeCommands, type Execution, type Outcome, type Stored } from '#libs/commands';
import { monthKeyId, type OpenedIdentifier } from '#libs/cryptography';
import {
  type Basis,
  basisOf,
  type DecideQuery,
  type ExchangeEvent,
  judgeParties,
  type Legality,
  type MatrixHistory,
  type Parties,
  partiesOf,
  verdictOf,
} from '#libs/domain';
import { DomainError, isSealed, legalDay, legalMonth, plusMs, type SealedField } from '#libs/kernel';
import { type DecideQueryLine, type DecisionAnswer, failed, type LineOutcome, notSpokenFor, type Place, type Proven, succeeded } from '#libs/protocol';
import { CORE, CoreParts, SYSTEM } from '../core-parts.js';
import { eventOf, exchangeStream } from '../exchanges/exchange-stream.js';
import { type IdentifierRef, IdentifierStandings, isInForce } from '../identifiers/identifier-standings.js';
import { CoreLog } from '../log/core-log.js';
import { Notifier } from '../notifier/notifier.js';
import type { Writable } from '../writable.js';
import { queryDigestOf } from './query-digest.js';

/** A line on its way to a decision. */
interface Draft {
  readonly index: number;
  readonly line: DecideQueryLine;
  readonly opened: OpenedIdentifier;
  readonly parties: Parties;
  /** The law's word before the identifier was looked at, and what it rests on. */
  readonly legality: Legality;
  readonly basis: Basis;
  /** Where both identifiers' streams stand; there for what the law permits and the identifier names a person. */
  identifiers?: { readonly requester: IdentifierRef; readonly provider: IdentifierRef };
}

/** A line's answer, and the stored decision that it tells. */
interface Answer {
  readonly stored: Stored<ExchangeEvent>;
  readonly answer: Writable<DecisionAnswer>;
}

/** What a whole batch is judged on. */
interface Sitting {
  readonly at: string;
  readonly day: string;
  readonly law: MatrixHistory;
  readonly validUntil: string;
  /** Retention month of an instant; most lines of a batch are of the same hour. */
  readonly monthOf: (instant: string) => string;
}

/** An hour never lies in two legal months. */
function rememberedMonths(): (instant: string) => string {
  const months = new Map<string, string>();
  return (instant) => {
    const hour = instant.slice(0, 13);
    const month = months.get(hour) ?? legalMonth(instant);
    months.set(hour, month);
    return month;
  };
}

const problem = (code: string, message: string, rule: string): DomainError => new DomainError(code, 'unprocessable', message, { field: 'requestedAt', rule });

/**
 * The heart of the core (art. 21(2)): judges queries under the law of the day, records each decision, and answers with
 * what was recorded – also when it was recorded long ago. A permit goes on to the notifier.
 */
@Injectable()
export class QueryDecisions {
  constructor(
    private readonly parts: CoreParts,
    private readonly identifiers: IdentifierStandings,
    private readonly commands: CommandBus,
    private readonly notifier: Notifier,
    private readonly log: CoreLog,
  ) {}

  async decide(caller: string, lines: readonly DecideQueryLine[], seen?: number): Promise<Proven<DecisionAnswer>> {
    const outcomes = new Array<LineOutcome<DecisionAnswer>>(lines.length);
    const at = this.parts.clock.now();
    const sitting: Sitting = {
      at,
      day: legalDay(at),
      law: this.parts.register.law,
      validUntil: plusMs(at, this.parts.settings.queryValidityMs),
      monthOf: rememberedMonths(),
    };
    const drafts = await this.#drafts(caller, lines, sitting, outcomes);
    await this.#lookUpIdentifiers(drafts);
    const executions = drafts.map((draft) => this.#execution(draft, sitting));
    const recorded = await this.commands.execute(new exchangeCommands.Batch(executions));
    const answers = this.#answers(drafts, recorded, outcomes);
    return this.#proven(caller, answers, outcomes, seen);
  }

  /** Lines that may be decided; the others are refused in `outcomes`, and not recorded. */
  async #drafts(caller: string, lines: readonly DecideQueryLine[], sitting: Sitting, outcomes: LineOutcome<DecisionAnswer>[]): Promise<Draft[]> {
    const { register, cipher, settings } = this.parts;
    const { at, day, law } = sitting;
    const [latest, earliest] = [plusMs(at, settings.clockSkewMs), plusMs(at, -settings.queryAgeMsMax)];
    const known = await this.#decidedAmong(lines.filter(({ requestedAt }) => requestedAt < earliest));
    const drafts: Draft[] = [];
    for (const [index, line] of lines.entries()) {
      if (register.interfaceSystemOf(line.requester) !== caller) outcomes[index] = failed(notSpokenFor('requester'));
      else if (line.requestedAt > latest)
        outcomes[index] = failed(problem('REQUESTED_IN_FUTURE', 'the query was requested later than now: check the clocks', 'not later than now'));
      else if (line.requestedAt < earliest && !known.has(line.exchangeId)) {
        outcomes[index] = failed(problem('REQUESTED_TOO_LONG_AGO', 'the query was requested too long ago to be decided now', 'not too long ago'));
      } else {
        const parties = partiesOf(register, line);
        const opened = cipher.open(line.requester, line.requesterIdentifier);
        const legality = judgeParties(law, parties, line, day);
        drafts.push({ index, line, opened, parties, legality, basis: basisOf(law, parties, line, legality) });
      }
    }
    return drafts;
  }

  /** Which of these were decided before: their stored decision is told whatever their age. */
  async #decidedAmong(lines: readonly DecideQueryLine[]): Promise<ReadonlySet<string>> {
    if (lines.length === 0) return new Set();
    const revisions = await this.parts.store.revisions(lines.map(({ exchangeId }) => exchangeStream(exchangeId)));
    return new Set(lines.filter((_, index) => (revisions[index] ?? -1) >= 0).map(({ exchangeId }) => exchangeId));
  }

  /** Both identifiers of each person about whom the law permits the query, read at once. */
  async #lookUpIdentifiers(drafts: readonly Draft[]): Promise<void> {
    const wanted = drafts.filter(({ legality, opened }) => legality.permitted && opened.status === 'genuine');
    const refs = await this.identifiers.read(
      wanted.flatMap(({ line, opened }) => {
        const link = opened.status === 'genuine' ? opened.link : new Uint8Array();
        return [
          { holder: line.requester, link },
          { holder: line.provider, link },
        ];
      }),
    );
    for (const [at, draft] of wanted.entries()) {
      draft.identifiers = { requester: refs[at * 2] as IdentifierRef, provider: refs[at * 2 + 1] as IdentifierRef };
    }
  }

  #execution(draft: Draft, sitting: Sitting): Execution<DecideQuery> {
    const { line, opened } = draft;
    const { at, validUntil } = sitting;
    const { legality, basis } = this.#judged(draft, sitting);
    const providerSubject = legality.permitted ? this.#providerSubject(draft) : undefined;
    const data: Writable<DecideQuery['data']> = {
      query: line,
      queryDigest: queryDigestOf(this.parts.names, line, opened),
      queryLeaf: line.queryLeaf,
      requesterSubject: { value: line.requesterIdentifier },
      verdict: verdictOf(legality),
      validUntil,
      basis,
    };
    if (providerSubject !== undefined) data.providerSubject = { value: providerSubject };
    return {
      stream: exchangeStream(line.exchangeId),
      isNew: true,
      context: {
        at,
        actor: SYSTEM,
        correlationId: line.exchangeId,
        causationId: line.queryLeaf,
        keyId: monthKeyId(CORE, sitting.monthOf(line.requestedAt)),
      },
      command: { type: 'DecideQuery', data },
    };
  }

  /** The law's word together with the identifier's, and what both rest on. */
  #judged({ line, opened, parties, legality, basis, identifiers }: Draft, { law, day }: Sitting): { legality: Legality; basis: Basis } {
    if (!legality.permitted) return { legality, basis };
    const looked: Writable<Basis> = { ...basis };
    if (identifiers !== undefined) looked.requesterIdentifier = revisionOf(identifiers.requester);
    if (opened.status !== 'genuine' || identifiers === undefined || !isInForce(identifiers.requester.standing, opened)) {
      return { legality: judgeParties(law, parties, line, day, false), basis: looked };
    }
    looked.providerIdentifier = revisionOf(identifiers.provider);
    return { legality, basis: looked };
  }

  /** The provider's identifier of the person, as it was issued to it; undefined where none stands. */
  #providerSubject({ line, opened, identifiers }: Draft): string | undefined {
    const standing = identifiers?.provider.standing;
    if (opened.status !== 'genuine' || standing?.status !== 'issued') return undefined;
    return this.parts.cipher.issue(line.provider, opened.link, standing.generation, standing.epoch);
  }

  /** Answers are built from stored bytes (format.md §3); what was permitted, and nothing has come of yet, goes to the notifier. */
  #answers(drafts: readonly Draft[], recorded: readonly Outcome<ExchangeEvent>[], outcomes: LineOutcome<DecisionAnswer>[]): readonly Answer[] {
    const decided: { index: number; line: DecideQueryLine; value: Executed<ExchangeEvent> }[] = [];
    for (const [at, { index, line }] of drafts.entries()) {
      const outcome = recorded[at] as Outcome<ExchangeEvent>;
      if (outcome.status === 'rejected') outcomes[index] = failed(outcome.reason);
      else decided.push({ index, line, value: outcome.value });
    }
    const answers: Answer[] = [];
    const opened = this.parts.fields.openAll(decided.map(({ value }) => requesterSubjectOf(value)));
    for (const [at, { index, line, value }] of decided.entries()) {
      const field = opened[at];
      const [first, second] = value.history;
      if (first === undefined || field === undefined || field.erased) {
        outcomes[index] = failed(new DomainError('RECORD_ERASED', 'unprocessable', 'the record of this exchange was erased'));
        continue;
      }
      const impossible = second?.event.type === 'NotificationImpossible';
      // also of a repeat: where the log failed between commit and answer, nobody has been told of the permit yet
      if (value.history.length === 1 && first.event.type === 'QueryPermitted') this.notifier.permitted(first);
      const answer: Writable<DecisionAnswer> = {
        exchangeId: line.exchangeId,
        event: Buffer.from(first.bytes.buffer, first.bytes.byteOffset, first.bytes.byteLength).toString('utf8'),
        impossible,
        disclosure: { salt: field.salt, value: field.value },
      };
      outcomes[index] = succeeded(answer);
      answers.push({ stored: first, answer });
    }
    return answers;
  }

  /** Nothing is answered before its decision is in the log: one proof for the whole batch, a place in it for each line. */
  async #proven(caller: string, answers: readonly Answer[], outcomes: readonly LineOutcome<DecisionAnswer>[], seen?: number): Promise<Proven<DecisionAnswer>> {
    const proof = await this.log.prove(
      caller,
      answers.map(({ stored }) => stored),
      seen,
    );
    if (proof === undefined) return { outcomes };
    for (const [at, { answer }] of answers.entries()) answer.place = proof.places[at] as Place;
    return { outcomes, proofs: [proof.proof] };
  }
}

const revisionOf = ({ stream, standing }: IdentifierRef): { stream: string; revision: number } => ({ stream, revision: standing.revision });

function requesterSubjectOf({ history }: Executed<ExchangeEvent>): SealedField {
  const event = history[0] && eventOf(history[0]);
  if (event?.type !== 'QueryPermitted' && event?.type !== 'QueryDenied')
    throw new DomainError('EXCHANGE_CORRUPT', 'internal', 'an exchange begins with its decision');
  const { requesterSubject } = event.data;
  if (!isSealed(requesterSubject)) throw new DomainError('EXCHANGE_CORRUPT', 'internal', 'a stored field is not sealed');
  return requesterSubject;
}
