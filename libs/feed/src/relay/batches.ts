import type { AgencyFeedEvent } from '../feed-events.js';
import type { FeedPage } from '../feed-reader.js';
import type { FeedBatch } from './feed-publisher.js';

/** Bytes of one batch, about: what a broker and this process hold at once. */
export const BATCH_BYTES_MAX = 16_777_216;
/** Of headers and framing, about. */
const MESSAGE_OVERHEAD_BYTES = 600;

/** About what an event takes on the wire. */
export const bytesOf = ({ event }: AgencyFeedEvent): number => JSON.stringify(event.data).length + MESSAGE_OVERHEAD_BYTES;

/** A page in pieces of bounded size, each with the position it reaches; cut between stored events only. */
export function* batchesOf(page: FeedPage, bytesMax: number = BATCH_BYTES_MAX): Generator<FeedBatch> {
  let events: AgencyFeedEvent[] = [];
  let bytes = 0;
  for (const told of page.events) {
    const last = events.at(-1);
    const size = bytesOf(told);
    if (last !== undefined && bytes + size > bytesMax && last.event.sequence !== told.event.sequence) {
      yield { events, position: BigInt(last.event.sequence) };
      [events, bytes] = [[], 0];
    }
    events.push(told);
    bytes += size;
  }
  yield { events, position: page.next };
}
