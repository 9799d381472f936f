import { type AgencyServerEvent, isToldInFeed, provisionEventTypes, queryEventTypes, replicaEventTypes, subjectEventTypes } from '#libs/domain';
import { idOf } from '../exchange/exchanges.projection.js';
import { anyFold, type Projection, type Recorded, type RowFold } from '../projection.js';
import { code, codeOf, fixed, hash, instant, type RowIn, table, uuid, whole } from '../table.js';

export type FeedCategory = 'query' | 'provision' | 'replica' | 'subject';

/** One row an event that an agency is told of: whose it is, and where it stands. Never deleted: what is told no more is left out of the answer. */
export const feed = table({
  name: 'feed',
  key: 'eventId',
  columns: {
    eventId: fixed(uuid),
    agency: fixed(code),
    /** Position in the store: below 2^53, also on EventStoreDB, where it counts bytes. */
    position: fixed(whole),
    category: fixed(codeOf<FeedCategory>()),
    /** Id of the stream: an exchange id without its hyphens, or `HmacNames.subject`. */
    streamId: fixed(hash),
    revision: fixed(whole),
    recordedAt: fixed(instant),
  },
  indexes: [
    { name: 'by_place', columns: ['agency', 'position'] },
    { name: 'by_time', columns: ['agency', 'recordedAt', 'position'] },
  ],
});
export type FeedRow = RowIn<typeof feed>;
type FeedColumns = (typeof feed)['columns'];

const categoryOf = (stream: string): FeedCategory => stream.slice(0, stream.indexOf('-')) as FeedCategory;
/** The stream's name again. */
export function streamOf({ category, streamId }: Pick<FeedRow, 'category' | 'streamId'>): string {
  if (category === 'replica' || category === 'subject') return `${category}-${streamId}`;
  return `${category}-${streamId.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`;
}

function rowOf({ id, agency, stream, revision, recordedAt, position }: Recorded<AgencyServerEvent>): FeedRow | undefined {
  if (agency === undefined) return undefined;
  const category = categoryOf(stream);
  return { eventId: id, agency, position: Number(position), category, streamId: idOf(stream).replaceAll('-', ''), revision, recordedAt };
}

const feedFold: RowFold<FeedColumns, AgencyServerEvent> = {
  table: feed,
  keyOf: ({ id, type }) => (isToldInFeed(type) ? id : undefined),
  begins: () => true,
  evolve: (_row, event) => rowOf(event),
};

/** What the agencies of a server are told, by agency: found without looking at anybody else's. */
export const feedProjection: Projection<AgencyServerEvent> = {
  name: 'feed',
  version: 1,
  reads: { query: queryEventTypes, provision: provisionEventTypes, replica: replicaEventTypes, subject: subjectEventTypes },
  folds: [anyFold<FeedColumns, AgencyServerEvent, AgencyServerEvent>(feedFold)],
};
