import { Injectable } from '@nestjs/common';
import type { Execution } from '#libs/commands';
import { type Available, factsOf, type ProvisionCommand, type ProvisionEvent } from '#libs/domain';
import { clear, DomainError } from '#libs/kernel';
import { type DemandLine, type LineOutcome, type ProvisionAnswer, succeeded } from '#libs/protocol';
import { Hosting } from '../hosting/hosting.js';
import { type Permit, permitOf, type Shown } from '../query/core-events.js';
import { Recording } from '../record/recording.js';
import { PersonReplicas, type ProvisionContent, type ReplicaHistory } from '../replica/person-replicas.js';
import { ServerParts, SYSTEM } from '../server-parts.js';
import { type FoundSubject, Subjects } from '../subject/subjects.js';
import { demandOf, ProvisionAnswers, type ProvisionHistory, recordedDigest } from './provision-answers.js';

/** Data in one answer at most, characters of payload: what is beyond is demanded again. */
const ANSWER_CHARACTERS_MAX = 6 * 1_048_576;

type Result = LineOutcome<ProvisionAnswer>;
/** By index of the line. */
type Contents = ReadonlyMap<number, ProvisionContent>;
interface Demanded {
  readonly index: number;
  readonly line: DemandLine;
  readonly permit: Shown<Permit> & { readonly identifier: string };
}

/** Answers demands: finds the person and what is held of it, decides, records, and gives out what was recorded. */
@Injectable()
export class Demands {
  constructor(
    private readonly parts: ServerParts,
    private readonly hosting: Hosting,
    private readonly recording: Recording,
    private readonly subjects: Subjects,
    private readonly persons: PersonReplicas,
    private readonly answers: ProvisionAnswers,
  ) {}

  async answer(caller: string, lines: readonly DemandLine[]): Promise<readonly Result[]> {
    const results = new Array<Result>(lines.length);
    const demanded = await this.#checked(caller, lines, results);
    const stored = await this.#stored(demanded);
    const contents = await this.#decide(
      demanded.filter(({ index }) => !stored.has(index)),
      stored,
      results,
    );
    await this.#build(
      demanded.filter(({ index }) => stored.has(index)),
      stored,
      contents,
      results,
    );
    return results;
  }

  /** The lines whose permit holds and whose provider is spoken for by the caller; the others are refused. */
  async #checked(caller: string, lines: readonly DemandLine[], results: Result[]): Promise<readonly Demanded[]> {
    const demanded: Demanded[] = [];
    for (const [index, line] of lines.entries()) {
      try {
        demanded.push({ index, line, permit: permitOf(line) });
      } catch (error) {
        results[index] = this.parts.failed(error);
      }
    }
    await this.hosting.know(demanded.map(({ permit }) => permit.event.data.provider));
    return demanded.filter(({ index, permit }) => {
      try {
        this.hosting.assertSpeaksFor(caller, permit.event.data.provider, 'provider');
        return true;
      } catch (error) {
        results[index] = this.parts.failed(error);
        return false;
      }
    });
  }

  /** Provisions that were demanded before under the same permit. Another permit goes on to the decider, which refuses it. */
  async #stored(demanded: readonly Demanded[]): Promise<Map<number, ProvisionHistory>> {
    const histories = await this.parts.party.recorder.load<ProvisionEvent>(demanded.map(({ line }) => `provision-${line.exchangeId}`));
    const stored = new Map<number, ProvisionHistory>();
    for (const [at, { index, permit }] of demanded.entries()) {
      const history = histories[at] as ProvisionHistory;
      if (demandOf(history)?.decisionLeaf === permit.leaf) stored.set(index, history);
    }
    return stored;
  }

  /** Returns the contents that were built on the way. */
  async #decide(fresh: readonly Demanded[], stored: Map<number, ProvisionHistory>, results: Result[]): Promise<Contents> {
    const contents = new Map<number, ProvisionContent>();
    if (fresh.length === 0) return contents;
    const found = await this.subjects.byIdentifier(fresh.map(({ permit }) => ({ agency: permit.event.data.provider, identifier: permit.identifier })));
    const replicas = await this.persons.load(found.map((subject) => subject?.name));
    const now = this.parts.now();
    const accepted: { readonly index: number; readonly execution: Execution<ProvisionCommand> }[] = [];
    for (const [at, demand] of fresh.entries()) {
      try {
        const { line, permit, index } = demand;
        const { available, content } = this.persons.available(line.exchangeId, found[at]?.name, replicas[at] as ReplicaHistory, permit.event.data, now);
        if (content) contents.set(index, content);
        accepted.push({ index, execution: this.#execution(demand, found[at], available, now) });
      } catch (error) {
        results[demand.index] = this.parts.failed(error);
      }
    }
    const outcomes = await this.recording.provisions(accepted.map(({ execution }) => execution));
    for (const [at, { index }] of accepted.entries()) {
      const outcome = outcomes[at];
      if (outcome?.status === 'fulfilled') stored.set(index, outcome.value.history);
      else results[index] = this.parts.failed(outcome?.reason);
    }
    return contents;
  }

  /** Answers from what is stored now, as many as fit. */
  async #build(answered: readonly Demanded[], stored: ReadonlyMap<number, ProvisionHistory>, contents: Contents, results: Result[]): Promise<void> {
    const historyOf = ({ index }: Demanded): ProvisionHistory => stored.get(index) as ProvisionHistory;
    const unbuilt = answered.filter((demand) => recordedDigest(historyOf(demand)) !== contents.get(demand.index)?.digest);
    const loaded = await this.answers.personsOf(unbuilt.map(historyOf));
    const persons = new Map(unbuilt.map(({ index }, at) => [index, loaded[at] as ReplicaHistory]));
    let characters = 0;
    for (const demand of answered) {
      const { index, line } = demand;
      try {
        if (characters > ANSWER_CHARACTERS_MAX) throw new DomainError('ANSWER_FULL', 'busy', 'the answer holds all the data it can: demand this one again');
        const answer = this.answers.answerOf(line.exchangeId, historyOf(demand), persons.get(index) ?? [], line.requesterInterfaceSystem, contents.get(index));
        characters += answer.data?.payload.length ?? 0;
        results[index] = succeeded(answer);
      } catch (error) {
        results[index] = this.parts.failed(error);
      }
    }
  }

  #execution({ line, permit }: Demanded, found: FoundSubject | undefined, available: Available, now: string): Execution<ProvisionCommand> {
    const { event, leaf: decisionLeaf, identifier } = permit;
    const { table, item, validUntil } = event.data;
    const query = factsOf(event.data);
    const person = found === undefined ? {} : { subject: clear(found.inAgencyNumber), subjectStream: found.name };
    return {
      stream: `provision-${line.exchangeId}`,
      isNew: true,
      command: {
        type: 'AnswerDemand',
        data: { query, identifier: clear(identifier), ...person, validUntil, decisionLeaf, table, item, available, now },
      },
      context: {
        at: now,
        actor: SYSTEM,
        agency: query.provider,
        correlationId: line.exchangeId,
        causationId: event.id,
        keyId: this.parts.recordKey(query.provider, query.requestedAt),
      },
    };
  }
}
