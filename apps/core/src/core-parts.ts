import type { Party, Recorder } from '#libs/commands';
import type { HmacNames, IdentifierCipher, ProtectedFields } from '#libs/cryptography';
import type { EventStore } from '#libs/event-store';
import type { EventRegistry } from '#libs/kernel';
import type { KnownLogs } from '#libs/ledger';
import type { Clock } from '#libs/platform';
import type { Register } from './register/register.js';
import type { CoreSettings } from './settings.js';

/** The id under which the core speaks, and the owner in the ids of its record keys. */
export const CORE = 'core';
/** `actor` of what the core records by itself. */
export const SYSTEM = 'system';
export const OPERATOR = 'operator';

/** What the core's services are made of: opened once a process, closed after the last request. */
export class CoreParts {
  readonly store: EventStore;
  readonly recorder: Recorder;
  readonly fields: ProtectedFields;
  readonly names: HmacNames;

  constructor(
    readonly party: Party,
    /** First part of the origin of every log. */
    readonly deployment: string,
    readonly events: EventRegistry,
    readonly cipher: IdentifierCipher,
    readonly clock: Clock,
    readonly register: Register,
    readonly settings: CoreSettings,
    /** The largest checkpoints of the logs that the core cosigns; undefined without a ledger. */
    readonly known: KnownLogs | undefined,
  ) {
    ({ store: this.store, recorder: this.recorder, fields: this.fields, names: this.names } = party);
  }
}
