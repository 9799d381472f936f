import { Injectable } from '@nestjs/common';
import type { AcquireIdentifierLine, Acquisition, CollectIdentifierRequestLine, Collection } from '#libs/agency-sdk';
import type { Execution, Stored } from '#libs/commands';
import type { SubjectCommand, SubjectEvent } from '#libs/domain';
import { clear, DomainError } from '#libs/kernel';
import { type CollectIdentifierAnswer, type IdentifierChangeLine, type LineOutcome, succeeded } from '#libs/protocol';
import { Hosting } from '../hosting/hosting.js';
import { causeOr, Recording } from '../record/recording.js';
import { ServerParts, SYSTEM } from '../server-parts.js';
import { type FoundSubject, sealedOf, stateOf, Subjects } from './subjects.js';

type SubjectHistory = readonly Stored<SubjectEvent>[];
const notRequested = (): DomainError =>
  new DomainError('ACQUISITION_NOT_REQUESTED', 'not-found', 'this agency did not ask for this acquisition', { field: 'acquisitionNumber' });

/** How an agency comes by the identifiers of its persons (機関別符号の取得), and learns of their change. */
@Injectable()
export class Identifiers {
  constructor(
    private readonly parts: ServerParts,
    private readonly hosting: Hosting,
    private readonly recording: Recording,
    private readonly subjects: Subjects,
  ) {}

  /** Acquisition numbers (取得番号); one that is pending is told again. Refuses IDENTIFIER_HELD, IDENTIFIER_REVOKED. */
  async acquire(agency: string, lines: readonly AcquireIdentifierLine[]): Promise<readonly LineOutcome<Acquisition>[]> {
    const names = lines.map(({ inAgencyNumber }) => this.parts.subjectName(agency, inAgencyNumber));
    const histories = await this.#load(names);
    const now = this.parts.now();
    const results = new Array<LineOutcome<Acquisition>>(lines.length);
    const asked: number[] = [];
    for (const [index, history] of histories.entries()) {
      const state = stateOf(history);
      if (state.status === 'identified') results[index] = this.parts.failed(held());
      else if (state.status === 'pending' && now < state.expiresAt) results[index] = this.#pending(history);
      else asked.push(index);
    }
    if (asked.length === 0) return results;
    const answers = await this.parts.interfaceSystem.issueAcquisitionNumbers(
      this.parts.id,
      asked.map((index) => ({ holder: agency, reference: names[index] as string })),
    );
    const issued = asked.flatMap((index, at) => {
      const answer = answers[at];
      if (answer?.ok) return [{ index, ...answer.value }];
      results[index] = answer ?? this.parts.failed(undefined);
      return [];
    });
    const outcomes = await this.recording.subjects(
      issued.map(({ index, acquisitionNumber, expiresAt }) => {
        const subject = clear((lines[index] as AcquireIdentifierLine).inAgencyNumber);
        const acquisition = this.parts.party.names.acquisition(acquisitionNumber);
        const command: SubjectCommand = {
          type: 'RequestAcquisition',
          data: { subject, acquisitionNumber: clear(acquisitionNumber), acquisition, expiresAt, now },
        };
        return this.#execution(agency, names[index] as string, command, now);
      }),
    );
    for (const [at, { index }] of issued.entries()) {
      const outcome = outcomes[at];
      // from the record: a request that was quicker may have got another number
      results[index] = outcome?.status === 'fulfilled' ? this.#pending(outcome.value.history) : this.parts.failed(outcome?.reason);
    }
    return results;
  }

  /** Fetches what was issued. Refuses ACQUISITION_NOT_REQUESTED. */
  async collect(agency: string, lines: readonly CollectIdentifierRequestLine[]): Promise<readonly LineOutcome<Collection>[]> {
    const names = lines.map(({ inAgencyNumber }) => this.parts.subjectName(agency, inAgencyNumber));
    const histories = await this.#load(names);
    const results = new Array<LineOutcome<Collection>>(lines.length);
    const asked = lines.flatMap((line, index) => {
      const acquisition = this.parts.party.names.acquisition(line.acquisitionNumber);
      const state = stateOf(histories[index] as SubjectHistory);
      if (!('requested' in state) || !state.requested.has(acquisition)) {
        results[index] = this.parts.failed(notRequested());
        return [];
      }
      if (state.status === 'identified') {
        results[index] = succeeded({ acquisitionNumber: line.acquisitionNumber, status: 'obtained' as const });
        return [];
      }
      return [{ index, line, acquisition }];
    });
    if (asked.length === 0) return results;
    const answers = await this.parts.interfaceSystem.collectIdentifiers(
      this.parts.id,
      asked.map(({ line: { acquisitionNumber } }) => ({ holder: agency, acquisitionNumber })),
    );
    const now = this.parts.now();
    const obtained: { readonly index: number; readonly execution: Execution<SubjectCommand> }[] = [];
    for (const [at, { index, line, acquisition }] of asked.entries()) {
      const answer = answers[at];
      if (!answer?.ok) {
        results[index] = answer ?? this.parts.failed(undefined);
        continue;
      }
      results[index] = succeeded(collectionOf(answer.value));
      const { identifier } = answer.value;
      if (identifier === undefined) continue;
      const data = { subject: clear(line.inAgencyNumber), identifier: clear(identifier), acquisition };
      obtained.push({ index, execution: this.#execution(agency, names[index] as string, { type: 'RecordIdentifier', data }, now) });
    }
    const outcomes = await this.recording.subjects(obtained.map(({ execution }) => execution));
    for (const [at, { index }] of obtained.entries()) {
      const outcome = outcomes[at];
      if (outcome?.status !== 'fulfilled') results[index] = this.parts.failed(outcome?.reason);
    }
    return results;
  }

  /** The core's notices of revoked and reissued identifiers. A person that the agency does not have is no error. */
  async change(caller: string, lines: readonly IdentifierChangeLine[]): Promise<readonly LineOutcome<true>[]> {
    await this.hosting.know(lines.map(({ holder }) => holder));
    const found = await this.#named(lines);
    const now = this.parts.now();
    const results = new Array<LineOutcome<true>>(lines.length);
    const changed: { readonly index: number; readonly execution: Execution<SubjectCommand> }[] = [];
    for (const [index, { holder, previous, identifier, changedAt }] of lines.entries()) {
      try {
        this.hosting.assertSpeaksFor(caller, holder, 'holder');
        results[index] = succeeded(true as const);
        const person = found[index];
        if (!person) continue;
        const subject = clear(person.inAgencyNumber);
        const change = identifier === undefined ? ('REVOKED' as const) : ('REISSUED' as const);
        const command: SubjectCommand = { type: 'ChangeIdentifier', data: { subject, identifier: clear(identifier ?? previous), change, changedAt } };
        changed.push({ index, execution: this.#execution(holder, person.name, command, now) });
      } catch (error) {
        results[index] = this.parts.failed(error);
      }
    }
    const outcomes = await this.recording.subjects(changed.map(({ execution }) => execution));
    for (const [at, { index }] of changed.entries()) {
      const outcome = outcomes[at];
      if (outcome?.status !== 'fulfilled') results[index] = this.parts.failed(outcome?.reason);
    }
    return results;
  }

  /** By the identifier that was in force; after a repeat by the new one. */
  async #named(lines: readonly IdentifierChangeLine[]): Promise<readonly (FoundSubject | undefined)[]> {
    const byPrevious = await this.subjects.byIdentifier(lines.map(({ holder, previous }) => ({ agency: holder, identifier: previous })));
    const missing = lines.flatMap(({ holder, identifier }, index) =>
      byPrevious[index] || identifier === undefined ? [] : [{ index, agency: holder, identifier }],
    );
    const found = [...byPrevious];
    const byNew = missing.length === 0 ? [] : await this.subjects.byIdentifier(missing);
    for (const [at, { index }] of missing.entries()) found[index] = byNew[at];
    return found;
  }

  /** The number that stands in the record, opened. */
  #pending(history: SubjectHistory): LineOutcome<Acquisition> {
    const last = history.findLast(({ event }) => event.type === 'AcquisitionRequested')?.event as SubjectEvent | undefined;
    if (last?.type !== 'AcquisitionRequested') return this.parts.failed(held());
    const opened = this.parts.party.fields.open(sealedOf(last.data.acquisitionNumber));
    if (opened.erased)
      return this.parts.failed(new DomainError('SUBJECT_KEY_DESTROYED', 'unprocessable', 'the records of this person were erased at this agency'));
    return succeeded({ acquisitionNumber: opened.value, expiresAt: last.data.expiresAt });
  }

  #execution(agency: string, name: string, command: SubjectCommand, at: string): Execution<SubjectCommand> {
    const cause = causeOr(name);
    return {
      stream: `subject-${name}`,
      command,
      context: { at, actor: SYSTEM, agency, correlationId: cause, causationId: cause, keyId: this.parts.subjectKey(agency, name) },
    };
  }

  #load(names: readonly string[]): Promise<readonly SubjectHistory[]> {
    return this.parts.party.recorder.load<SubjectEvent>(names.map((name) => `subject-${name}`));
  }
}

const held = (): DomainError =>
  new DomainError('IDENTIFIER_HELD', 'conflict', 'the identifier of this person was obtained already', { field: 'inAgencyNumber' });

function collectionOf({ acquisitionNumber, status, reason }: CollectIdentifierAnswer): Collection {
  const obtained = status === 'issued' || status === 'already-held';
  return { acquisitionNumber, status: obtained ? 'obtained' : status, ...(reason === undefined ? {} : { reason }) };
}
