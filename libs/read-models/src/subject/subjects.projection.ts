import { type RetentionEvent, retentionEventTypes, type SubjectEvent, subjectEventTypes } from '#libs/domain';
import { assertNever, isSealed } from '#libs/kernel';
import { idOf } from '../exchange/exchanges.projection.js';
import { identifierKey } from '../person-keys.js';
import { anyFold, type FoldContext, type Projection, type Recorded, type RowFold, type Secrets } from '../projection.js';
import { code, fixed, hash, optional, type RowIn, table, whole } from '../table.js';
import { erasedSubject } from './erasure.js';

/** One row a person at an agency: finds the person that an identifier names. Holds neither identifier nor in-agency number. */
export const subjects = table({
  name: 'subjects',
  key: 'subject',
  columns: {
    /** Id of the `subject-` stream: `HmacNames.subject`. */
    subject: fixed(hash),
    agency: fixed(code),
    /** See `identifierKey`: of the identifier in force, if there is one. */
    identifierKey: optional(hash),
    /** Of the one before it: a demand may have been decided before the reissue, and still names the person by it. */
    formerKey: optional(hash),
    /** Revision of the event that holds the in-agency number and the identifier, sealed. */
    fieldRevision: whole,
    /** Revision of the stream that the row has folded. */
    revision: whole,
  },
  indexes: [
    { name: 'by_identifier', columns: ['identifierKey'] },
    { name: 'by_former', columns: ['formerKey'] },
  ],
});
export type SubjectRow = RowIn<typeof subjects>;
type SubjectColumns = (typeof subjects)['columns'];
type ServerEvent = SubjectEvent | RetentionEvent;

function changed(row: SubjectRow, event: Recorded<SubjectEvent>, context: FoldContext): Partial<SubjectRow> {
  switch (event.type) {
    case 'AcquisitionRequested':
    case 'SubjectKeyDestroyed':
      return {};
    case 'IdentifierObtained': {
      const key = context.derived(event.id);
      return { identifierKey: key, fieldRevision: event.revision, ...(row.identifierKey === key ? {} : { formerKey: row.identifierKey }) };
    }
    case 'SubjectIdentifierChanged':
      return event.data.change === 'REVOKED'
        ? { identifierKey: undefined, formerKey: row.identifierKey }
        : { identifierKey: context.derived(event.id), formerKey: row.identifierKey, fieldRevision: event.revision };
    default:
      return assertNever(event);
  }
}

const subjectFold: RowFold<SubjectColumns, ServerEvent> = {
  table: subjects,
  keyOf: (event) => (event.stream.startsWith('subject-') ? idOf(event.stream) : erasedSubject(event)),
  begins: ({ stream, revision }) => revision === 0 && stream.startsWith('subject-'),
  evolve: (row, event, context) => {
    if (erasedSubject(event) !== undefined) return undefined;
    if (event.type === 'RecordKeyDestroyed') return row;
    const { stream, agency = '', revision } = event;
    const known = row ?? (revision === 0 ? { subject: idOf(stream), agency, fieldRevision: 0, revision } : undefined);
    return known && { ...known, ...changed(known, event, context), revision };
  },
};

/** Opens the identifiers and names them. */
function derive(events: readonly Recorded<ServerEvent>[], { fields, names }: Secrets): ReadonlyMap<string, string> {
  const derived = new Map<string, string>();
  const told = events.flatMap((event) => {
    if (event.type !== 'IdentifierObtained' && event.type !== 'SubjectIdentifierChanged') return [];
    const { identifier } = event.data;
    if (!isSealed(identifier)) throw new Error('a stored identifier is sealed');
    return [{ id: event.id, agency: event.agency ?? '', identifier }];
  });
  for (const [at, field] of fields.openAll(told.map(({ identifier }) => identifier)).entries()) {
    const { id, agency } = told[at] as { id: string; agency: string };
    if (!field.erased) derived.set(id, identifierKey(names, agency, field.value));
  }
  return derived;
}

/** The persons of all agencies of a server, by identifier. */
export const subjectsProjection: Projection<ServerEvent> = {
  name: 'subjects',
  version: 1,
  reads: { subject: subjectEventTypes, ledger: retentionEventTypes },
  folds: [anyFold<SubjectColumns, ServerEvent, ServerEvent>(subjectFold)],
  derive,
};
