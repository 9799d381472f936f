import { type IdentifierEvent, identifierEventTypes, type RetentionEvent, retentionEventTypes } from '#libs/domain';
import { assertNever } from '#libs/kernel';
import { idOf } from '../exchange/exchanges.projection.js';
import { anyFold, type Projection, type Recorded, type RowFold } from '../projection.js';
import { nameInKeyId } from '../subject/erasure.js';
import { code, codeOf, fixed, hash, instant, type RowIn, table, whole } from '../table.js';

export type IdentifierStatus = 'issued' | 'revoked';

/** One row an identifier that a code holder has of a person; not the identifier, nor the person. */
export const identifiers = table({
  name: 'identifiers',
  key: 'identifierId',
  columns: {
    /** Id of the `identifier-` stream: `HmacNames.identifier`. */
    identifierId: fixed(hash),
    holder: fixed(code),
    issuedAt: fixed(instant),
    status: codeOf<IdentifierStatus>(),
    epoch: whole,
    generation: whole,
    /** Of the last issue, reissue or revocation. */
    changedAt: instant,
    revision: whole,
  },
  indexes: [{ name: 'by_holder', columns: ['holder', 'issuedAt', 'identifierId'] }],
});
export type IdentifierRow = RowIn<typeof identifiers>;
type IdentifierColumns = (typeof identifiers)['columns'];
type CoreEvent = IdentifierEvent | RetentionEvent;

export const identifierCounts = { name: 'identifier_counts', dimensions: ['holder', 'status'] } as const;

function changed(event: Exclude<Recorded<IdentifierEvent>, { type: 'IdentifierIssued' }>): Partial<IdentifierRow> {
  switch (event.type) {
    case 'IdentifierAlreadyHeld':
    case 'IdentifierIssuanceRefused':
      return {};
    case 'IdentifierRevoked':
      return { status: 'revoked', changedAt: event.at };
    case 'IdentifierReissued':
      return { status: 'issued', epoch: event.data.epoch, generation: event.data.generation, changedAt: event.at };
    default:
      return assertNever(event);
  }
}

const erased = (event: Recorded<CoreEvent>): string | undefined => (event.type === 'RecordKeyDestroyed' ? nameInKeyId('holder', event.data.key) : undefined);

const identifierFold: RowFold<IdentifierColumns, CoreEvent> = {
  table: identifiers,
  keyOf: (event) => (event.stream.startsWith('identifier-') ? idOf(event.stream) : erased(event)),
  begins: ({ type }) => type === 'IdentifierIssued',
  evolve: (row, event) => {
    if (event.type === 'RecordKeyDestroyed') return erased(event) === undefined ? row : undefined;
    const { revision, at } = event;
    if (event.type !== 'IdentifierIssued') return row && { ...row, ...changed(event), revision };
    const { holder, epoch, generation } = event.data;
    return { identifierId: idOf(event.stream), holder, issuedAt: at, status: 'issued', epoch, generation, changedAt: at, revision };
  },
  counted: { counter: identifierCounts, bucketOf: ({ holder, status }) => [holder, status] },
};

/** The core's registry of identifiers: who holds how many, and how they stand. */
export const identifiersProjection: Projection<CoreEvent> = {
  name: 'identifiers',
  version: 1,
  reads: { identifier: identifierEventTypes, ledger: retentionEventTypes },
  folds: [anyFold<IdentifierColumns, CoreEvent, CoreEvent>(identifierFold)],
};
