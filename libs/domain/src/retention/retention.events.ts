import { type EventOf, eventType, text } from '#libs/kernel';

/**
 * Stream `ledger-retention`, at every party: the record key with this id is gone (format.md §2), and with it what was
 * sealed under it. Recorded before the key is destroyed; every read model folds it by deleting the rows concerned.
 */
export const RecordKeyDestroyed = eventType('RecordKeyDestroyed', { key: text });

export const retentionEventTypes = [RecordKeyDestroyed] as const;
export type RetentionEvent = EventOf<(typeof retentionEventTypes)[number]>;
