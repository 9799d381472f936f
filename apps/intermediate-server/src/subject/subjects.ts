import { Injectable } from '@nestjs/common';
import type { Stored } from '#libs/commands';
import { type Subject, subjectDecider, type SubjectEvent } from '#libs/domain';
import { DomainError, fold, isSealed, type Protected, type SealedField } from '#libs/kernel';
import { identifierKey } from '#libs/read-models';
import { ServerParts } from '../server-parts.js';

/** A person as one agency knows it. */
export interface KnownSubject {
  /** Stream id, for `subject-` and `replica-`. */
  readonly name: string;
  readonly state: Subject;
  /** The identifier in force; left out where there is none. */
  readonly identifier?: string;
}
/** The person that an identifier names. */
export interface FoundSubject {
  readonly name: string;
  readonly inAgencyNumber: string;
}
interface Lookup {
  readonly agency: string;
  readonly identifier: string;
}

export const stateOf = (history: readonly Stored<SubjectEvent>[]): Subject =>
  fold(
    subjectDecider,
    history.map(({ event }) => event as unknown as SubjectEvent),
  );

/** The persons of this server's agencies: by in-agency number from the streams, by identifier from the directory view. */
@Injectable()
export class Subjects {
  constructor(private readonly parts: ServerParts) {}

  /** As their streams stand now, in the order asked. */
  async byNumber(agency: string, numbers: readonly string[]): Promise<readonly KnownSubject[]> {
    const names = numbers.map((number) => this.parts.subjectName(agency, number));
    const unique = [...new Set(names)];
    const histories = await this.parts.party.recorder.load<SubjectEvent>(unique.map((name) => `subject-${name}`));
    const states = histories.map(stateOf);
    const sealed = states.flatMap((state, at) => (state.status === 'identified' ? [{ at, field: sealedOf(state.identifier) }] : []));
    const opened = this.parts.party.fields.openAll(sealed.map(({ field }) => field));
    const identifiers = new Map(sealed.map(({ at }, index) => [at, opened[index]]));
    const known = new Map(
      unique.map((name, at): [string, KnownSubject] => {
        const identifier = identifiers.get(at);
        return [name, { name, state: states[at] as Subject, ...(identifier && !identifier.erased ? { identifier: identifier.value } : {}) }];
      }),
    );
    return names.map((name) => known.get(name) as KnownSubject);
  }

  /**
   * The persons that identifiers name, undefined where an agency knows none. What the view has not is looked for again
   * when it has caught up with the store: it may lag.
   */
  async byIdentifier(lookups: readonly Lookup[]): Promise<readonly (FoundSubject | undefined)[]> {
    const position = await this.parts.party.store.lastPosition();
    const keys = lookups.map(({ agency, identifier }) => ({ agency, identifierKey: identifierKey(this.parts.party.names, agency, identifier) }));
    const found = [...(await this.parts.models.ask('subjects', { keys }))];
    const missing = found.flatMap((subject, index) => (subject === undefined ? [index] : []));
    if (missing.length > 0) {
      const again = await this.parts.models.ask('subjects', { keys: missing.map((index) => keys[index] as (typeof keys)[number]) }, { atLeast: position });
      for (const [at, index] of missing.entries()) found[index] = again[at];
    }
    return this.#opened(found);
  }

  /** Reads the in-agency numbers from the events that the view names. */
  async #opened(found: readonly ({ readonly subject: string; readonly fieldRevision: number } | undefined)[]): Promise<readonly (FoundSubject | undefined)[]> {
    const known = found.flatMap((subject, index) => (subject === undefined ? [] : [{ ...subject, index }]));
    const histories = await this.parts.party.recorder.load<SubjectEvent>(known.map(({ subject }) => `subject-${subject}`));
    const fields = known.map(({ fieldRevision }, at) => {
      const event = histories[at]?.[fieldRevision]?.event as SubjectEvent | undefined;
      if (event === undefined || event.type === 'SubjectKeyDestroyed')
        throw new DomainError('SUBJECT_VIEW', 'internal', 'the subject view names an event that is not there');
      return sealedOf(event.data.subject);
    });
    const result = new Array<FoundSubject | undefined>(found.length).fill(undefined);
    for (const [at, field] of this.parts.party.fields.openAll(fields).entries()) {
      const { index, subject } = known[at] as (typeof known)[number];
      if (!field.erased) result[index] = { name: subject, inAgencyNumber: field.value };
    }
    return result;
  }
}

export function sealedOf(field: Protected): SealedField {
  if (isSealed(field)) return field;
  throw new DomainError('FIELD_NOT_SEALED', 'internal', 'a stored field is not sealed');
}
