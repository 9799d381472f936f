import {
  keyOf as nameOf,
  type ReplicaEvent,
  replicaEventTypes,
  type RetentionEvent,
  retentionEventTypes,
  type SubjectEvent,
  subjectEventTypes,
} from '#libs/domain';
import { assertNever } from '#libs/kernel';
import { idOf } from '../exchange/exchanges.projection.js';
import { anyFold, type Projection, type Recorded, type RowFold } from '../projection.js';
import { erasedSubject } from '../subject/erasure.js';
import { code, fixed, hash, json, optional, type RowIn, table, whole } from '../table.js';

/** Revision of the event that holds the content, and the layout it is written in. */
export type Held = readonly [revision: number, layout: string];

/**
 * One row a person at an agency: all replicas in force, what is blocked and what is sealed, as of one revision of the
 * person's stream. It says what to read; content stays in the events, sealed.
 */
export const replicas = table({
  name: 'replicas',
  key: 'subject',
  columns: {
    /** Id of the `replica-` stream: `HmacNames.subject`. */
    subject: fixed(hash),
    agency: fixed(code),
    /** By `information/dataset/period`, the period empty where there is none. */
    held: json<Readonly<Record<string, Held>>>(),
    /** Informations that an official answers (自動応答不可); `''` is the whole person. Left out where there are none. */
    blocked: optional(json<readonly string[]>()),
    /** Informations whose provision is sealed (提供側不開示), likewise. */
    sealed: optional(json<readonly string[]>()),
    /** Revision of the stream that the row has folded. */
    revision: whole,
  },
  indexes: [],
});
export type ReplicaRow = RowIn<typeof replicas>;
type ReplicaColumns = (typeof replicas)['columns'];
type ServerEvent = ReplicaEvent | SubjectEvent | RetentionEvent;
const isReplicaEvent = (event: Recorded<ServerEvent>): event is Recorded<ReplicaEvent> => event.stream.startsWith('replica-');

const withMember = (list: readonly string[] | undefined, member: string): readonly string[] => [...new Set([...(list ?? []), member])].sort();
function without(list: readonly string[] | undefined, member: string): readonly string[] | undefined {
  const left = (list ?? []).filter((other) => other !== member);
  return left.length === 0 ? undefined : left;
}

function changed(row: ReplicaRow, event: Recorded<ReplicaEvent>): Partial<ReplicaRow> {
  switch (event.type) {
    case 'ReplicaRegistered':
    case 'ReplicaCorrected':
      return { held: { ...row.held, [nameOf(event.data)]: [event.revision, event.data.layout] } };
    case 'ReplicaWithdrawn': {
      const { [nameOf(event.data)]: _withdrawn, ...held } = row.held;
      return { held };
    }
    case 'AutomaticAnswerBlocked':
      return { blocked: withMember(row.blocked, event.data.information ?? '') };
    case 'AutomaticAnswerUnblocked':
      return { blocked: without(row.blocked, event.data.information ?? '') };
    case 'NonDisclosureSet':
      return { sealed: withMember(row.sealed, event.data.information ?? '') };
    case 'NonDisclosureLifted':
      return { sealed: without(row.sealed, event.data.information ?? '') };
    default:
      return assertNever(event);
  }
}

const replicaFold: RowFold<ReplicaColumns, ServerEvent> = {
  table: replicas,
  keyOf: (event) => (event.stream.startsWith('replica-') ? idOf(event.stream) : erasedSubject(event)),
  begins: ({ stream, revision }) => revision === 0 && stream.startsWith('replica-'),
  evolve: (row, event) => {
    if (!isReplicaEvent(event)) return erasedSubject(event) === undefined ? row : undefined;
    const known = row ?? (event.revision === 0 ? { subject: idOf(event.stream), agency: event.agency ?? '', held: {}, revision: -1 } : undefined);
    return known && { ...known, ...changed(known, event), revision: event.revision };
  },
};

/** The replica view of all agencies of a server. */
export const replicasProjection: Projection<ServerEvent> = {
  name: 'replicas',
  version: 1,
  reads: { replica: replicaEventTypes, subject: subjectEventTypes, ledger: retentionEventTypes },
  folds: [anyFold<ReplicaColumns, ServerEvent, ServerEvent>(replicaFold)],
};
