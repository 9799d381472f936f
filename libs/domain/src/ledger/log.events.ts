import { type EventOf, eventType, integer, oneOf, optional, text } from '#libs/kernel';

/**
 * Stream `ledger-log`, at every party: the identity of its log (format.md §9). The first event of a store opens epoch 1; a
 * store restored below a checkpoint that others have seen opens the next one, and says what was lost.
 */
export const LogEpochOpened = eventType('LogEpochOpened', {
  /** `<deployment>/<party>/<epoch>`: the origin line of its checkpoints. */
  origin: text,
  epoch: integer,
  /** Verifier key of the log (C2SP signed-note). */
  key: text,
  cause: oneOf('FIRST', 'RESTORED'),
  /** The signed checkpoint of the epoch before that others hold, and how many of its entries are gone. On RESTORED. */
  previous: optional(text),
  entriesLost: optional(integer),
});

/** Another key signs beside the old one from here on; the old one is retired by an operator, once all verifiers know the new. */
export const LogKeyRotated = eventType('LogKeyRotated', { origin: text, key: text });
export const LogKeyRetired = eventType('LogKeyRetired', { origin: text, key: text });

/** Stream `ledger-witness.<server>`, at the core: the log of another party that it cosigns, and the verifier key that it accepts there. */
export const WitnessConfigured = eventType('WitnessConfigured', { server: text, origin: text, key: text });

/** Stream `ledger-access.<UUIDv7>`, one a reading, at every party: entries that an auditor was given (half-open range of leaf indexes). */
export const EntriesRead = eventType('EntriesRead', { auditor: text, from: integer, to: integer });

export const logEventTypes = [LogEpochOpened, LogKeyRotated, LogKeyRetired, WitnessConfigured, EntriesRead] as const;
export type LogEvent = EventOf<(typeof logEventTypes)[number]>;
