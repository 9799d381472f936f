import { DomainError } from '#libs/kernel';
import type { Cursors } from '../cursor.js';
import { type Ask, type FeedAnswer, PAGE_ROWS_MAX } from '../questions.js';
import { checkLimit } from '../sql/newest-first.js';
import type { StoredRows } from '../sql/stored-rows.js';
import { feed, type FeedRow, streamOf } from './feed.projection.js';

const expired = (): DomainError =>
  new DomainError(
    'CURSOR_EXPIRED',
    'conflict',
    'events after this cursor are kept no longer: begin again without it, and look at results and records for what was missed',
    {
      field: 'after',
      rule: 'cursor',
    },
  );

/** Where a feed begins that nobody has read: before the oldest event that is still told. */
async function beginning(stored: StoredRows, { agency, recordedFrom }: Ask<'feed'>): Promise<number> {
  const codec = stored.codecOf(feed.name);
  const rows = stored.reader.selectFrom(feed.name).select('position').where('agency', '=', codec.comparable('agency', agency));
  const since = codec.comparable('recordedAt', recordedFrom);
  const oldest = await rows.where('recordedAt', '>=', since).orderBy('recordedAt').orderBy('position').limit(1).executeTakeFirst();
  if (oldest) return (codec.valueOf('position', oldest) as number) - 1;
  const newest = await rows.where('recordedAt', '<', since).orderBy('position', 'desc').limit(1).executeTakeFirst();
  return newest ? (codec.valueOf('position', newest) as number) : 0;
}

/** Events of an agency after a place. What is recorded later stands after it: the cursor that comes with an empty page goes on there. */
export async function feedList(stored: StoredRows, question: Ask<'feed'>, cursors: Cursors): Promise<FeedAnswer> {
  const { agency, recordedFrom, limit, cursor } = question;
  checkLimit(limit, PAGE_ROWS_MAX);
  const binding = JSON.stringify(['feed', agency]);
  const after = cursor === undefined ? await beginning(stored, question) : Number(cursors.open(binding, cursor)[0]);
  const codec = stored.codecOf(feed.name);
  const found = await stored.reader
    .selectFrom(feed.name)
    .selectAll()
    .where('agency', '=', codec.comparable('agency', agency))
    .where('position', '>', codec.comparable('position', after))
    .orderBy('position')
    .limit(limit)
    .execute();
  const rows = found.map((row) => codec.decode(row) as FeedRow);
  if (cursor !== undefined && rows.some(({ recordedAt }) => recordedAt < recordedFrom)) throw expired();
  const places = rows.map((row) => ({ stream: streamOf(row), revision: row.revision, position: row.position, cursor: cursors.seal(binding, [row.position]) }));
  return { rows: places, next: places.at(-1)?.cursor ?? cursors.seal(binding, [after]) };
}
