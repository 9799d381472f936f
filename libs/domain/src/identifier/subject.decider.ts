import { assertNever, type ClearField, type Decider, DomainError, type Message, type Protected } from '#libs/kernel';
import type { SubjectEvent } from './subject.events.js';

export type SubjectCommand =
  | Message<
      'RequestAcquisition',
      {
        readonly subject: ClearField;
        readonly acquisitionNumber: ClearField;
        readonly acquisition: string;
        readonly expiresAt: string;
        readonly now: string;
      }
    >
  | Message<'RecordIdentifier', { readonly subject: ClearField; readonly identifier: ClearField; readonly acquisition: string }>
  | Message<
      'ChangeIdentifier',
      {
        readonly subject: ClearField;
        readonly identifier: ClearField;
        readonly change: 'REISSUED' | 'REVOKED';
        readonly changedAt: string;
        readonly coreLeaf?: string;
      }
    >
  | Message<'DestroySubjectKey', { readonly key: string; readonly reason: string }>;

/** Acquisition numbers asked for: any of them may be answered, the last one may still be pending. */
interface Requests {
  readonly requested: ReadonlySet<string>;
}
export type Subject =
  | { readonly status: 'unknown' }
  | ({ readonly status: 'pending'; readonly expiresAt: string } & Requests)
  /** `identifier` is sealed when it comes from the store; `changes` are the core's notices that were taken in. */
  | ({ readonly status: 'identified' | 'revoked'; readonly identifier: Protected; readonly changes: ReadonlySet<string> } & Requests)
  | { readonly status: 'destroyed' };

const DESTROYED = (): DomainError => new DomainError('SUBJECT_KEY_DESTROYED', 'unprocessable', 'the records of this person were erased at this agency');

const noticeOf = ({ change: kind, changedAt }: { readonly change: string; readonly changedAt: string }): string => `${kind}/${changedAt}`;

function record(
  data: Extract<SubjectCommand, { type: 'RecordIdentifier' }>['data'],
  subject: Exclude<Subject, { status: 'destroyed' }>,
): readonly SubjectEvent[] {
  if (subject.status === 'unknown' || !subject.requested.has(data.acquisition)) {
    throw new DomainError('ACQUISITION_NOT_REQUESTED', 'not-found', 'this agency did not ask for this acquisition', { field: 'acquisitionNumber' });
  }
  // one is there already: only the core's own notice changes it
  return subject.status === 'pending' ? [{ type: 'IdentifierObtained', data }] : [];
}

function change(
  data: Extract<SubjectCommand, { type: 'ChangeIdentifier' }>['data'],
  subject: Exclude<Subject, { status: 'destroyed' }>,
): readonly SubjectEvent[] {
  if (subject.status === 'unknown' || subject.status === 'pending') {
    throw new DomainError('SUBJECT_HAS_NO_IDENTIFIER', 'conflict', 'no identifier was obtained for this person');
  }
  return subject.changes.has(noticeOf(data)) ? [] : [{ type: 'SubjectIdentifierChanged', data }];
}

function decide(command: SubjectCommand, subject: Subject): readonly SubjectEvent[] {
  if (subject.status === 'destroyed') {
    if (command.type === 'DestroySubjectKey') return [];
    throw DESTROYED();
  }
  switch (command.type) {
    case 'RequestAcquisition': {
      const { now, ...data } = command.data;
      if (subject.status === 'identified') return []; // it is there: nothing to ask for
      if (subject.status === 'pending' && now < subject.expiresAt) return []; // the pending number stands
      if (subject.status === 'revoked') throw new DomainError('IDENTIFIER_REVOKED', 'conflict', 'the identifier was revoked: the core has to reissue it');
      return [{ type: 'AcquisitionRequested', data }];
    }
    case 'RecordIdentifier':
      return record(command.data, subject);
    case 'ChangeIdentifier':
      return change(command.data, subject);
    case 'DestroySubjectKey':
      return [{ type: 'SubjectKeyDestroyed', data: command.data }];
    default:
      return assertNever(command);
  }
}

function evolve(subject: Subject, event: SubjectEvent): Subject {
  if (event.type === 'SubjectKeyDestroyed') return { status: 'destroyed' };
  if (subject.status === 'destroyed') return subject;
  const requested = subject.status === 'unknown' ? new Set<string>() : subject.requested;
  switch (event.type) {
    case 'AcquisitionRequested': {
      const all = new Set([...requested, event.data.acquisition]);
      if (subject.status === 'identified' || subject.status === 'revoked') return { ...subject, requested: all };
      return { status: 'pending', expiresAt: event.data.expiresAt, requested: all };
    }
    case 'IdentifierObtained':
      return { status: 'identified', identifier: event.data.identifier, changes: new Set(), requested };
    case 'SubjectIdentifierChanged': {
      const changes = new Set([...('changes' in subject ? subject.changes : []), noticeOf(event.data)]);
      return { status: event.data.change === 'REVOKED' ? 'revoked' : 'identified', identifier: event.data.identifier, changes, requested };
    }
    default:
      return assertNever(event);
  }
}

/** One person at one agency's intermediate server, stream `subject-<HMAC of agency and in-agency number>`. */
export const subjectDecider: Decider<Subject, SubjectCommand, SubjectEvent> = { decide, evolve, initialState: { status: 'unknown' } };
