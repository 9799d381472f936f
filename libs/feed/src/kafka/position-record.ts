import type { Position } from '#libs/event-store';
import { RelayTrouble } from '../relay/relay-trouble.js';

/** Key of the record that tells where the relay stands. */
export const POSITION_KEY = 'position';
/** Key of the record that each run writes first: whoever has read up to it has read everything before. */
export const BEGUN_KEY = 'begun';

/** The value of the record: `{"v":1,"source":"/<deployment>/<party>","position":"<decimal>"}`. */
export const positionValue = (source: string, position: Position): string => JSON.stringify({ v: 1, source, position: String(position) });

/** The position that a record tells. Throws KAFKA_POSITION_UNREADABLE, also where it is another source's. */
export function positionOf(value: Uint8Array | null, source: string): Position {
  let read: { readonly v?: unknown; readonly source?: unknown; readonly position?: unknown } | null;
  try {
    read = JSON.parse(Buffer.from(value ?? []).toString('utf8')) as typeof read;
  } catch {
    read = null;
  }
  if (read?.v !== 1 || typeof read.position !== 'string' || !/^\d{1,20}$/.test(read.position)) {
    throw new RelayTrouble('KAFKA_POSITION_UNREADABLE', 'the record of the position is none of a relay');
  }
  if (read.source !== source) throw new RelayTrouble('KAFKA_POSITION_UNREADABLE', 'the record of the position is that of another server');
  return BigInt(read.position);
}
