import { assertNever, type Decider, DomainError } from '#libs/kernel';
import type { LogEvent } from './log.events.js';

export type LogCommand =
  | {
      readonly type: 'OpenEpoch';
      readonly data: {
        /** `<deployment>/<party>`; the epoch is added. */
        readonly log: string;
        /** Verifier key for an origin. */
        readonly keyFor: (origin: string) => string;
        /** There where the store was restored: the checkpoint that others hold, and how many of its entries are gone. */
        readonly restored?: { readonly previous: string; readonly entriesLost: number };
      };
    }
  | { readonly type: 'RotateLogKey'; readonly data: { readonly key: string } }
  | { readonly type: 'RetireLogKey'; readonly data: { readonly key: string } };

/** The identity of a log: its epoch, and the verifier keys whose signatures stand on its checkpoints, the oldest first. */
export type Log =
  | { readonly status: 'none' }
  | {
      readonly status: 'open';
      readonly origin: string;
      readonly epoch: number;
      readonly keys: readonly string[];
      /** The checkpoint below which the store was restored when this epoch was opened. */
      readonly previous?: string;
    };

const refused = (code: string, message: string): DomainError => new DomainError(code, 'conflict', message);

function decide(command: LogCommand, log: Log): readonly LogEvent[] {
  switch (command.type) {
    case 'OpenEpoch': {
      const { log: name, keyFor, restored } = command.data;
      if (log.status === 'open' && (!restored || log.previous === restored.previous)) return [];
      const epoch = log.status === 'none' ? 1 : log.epoch + 1;
      const origin = `${name}/${epoch}`;
      const cause = restored ? ('RESTORED' as const) : ('FIRST' as const);
      return [{ type: 'LogEpochOpened', data: { origin, epoch, key: keyFor(origin), cause, ...restored } }];
    }
    case 'RotateLogKey': {
      if (log.status === 'none') throw refused('LOG_NOT_OPEN', 'the log has no epoch yet: start the server once');
      const { key } = command.data;
      if (log.keys.includes(key)) return [];
      if (log.keys.length > 1) throw refused('LOG_KEY_ROTATING', 'two keys sign this log already: retire the old one first');
      return [{ type: 'LogKeyRotated', data: { origin: log.origin, key } }];
    }
    case 'RetireLogKey': {
      if (log.status === 'none') throw refused('LOG_NOT_OPEN', 'the log has no epoch yet: start the server once');
      const { key } = command.data;
      if (!log.keys.includes(key)) return [];
      if (log.keys.length === 1) throw refused('LOG_KEY_IS_LAST', 'only this key signs the log: rotate to another one first');
      return [{ type: 'LogKeyRetired', data: { origin: log.origin, key } }];
    }
    default:
      return assertNever(command);
  }
}

function evolve(log: Log, event: LogEvent): Log {
  switch (event.type) {
    case 'LogEpochOpened':
      return {
        status: 'open',
        origin: event.data.origin,
        epoch: event.data.epoch,
        keys: [event.data.key],
        ...(event.data.previous === undefined ? {} : { previous: event.data.previous }),
      };
    case 'LogKeyRotated':
      return log.status === 'none' ? log : { ...log, keys: [...log.keys, event.data.key] };
    case 'LogKeyRetired':
      return log.status === 'none' ? log : { ...log, keys: log.keys.filter((key) => key !== event.data.key) };
    case 'WitnessConfigured':
    case 'EntriesRead':
      return log;
    default:
      return assertNever(event);
  }
}

export const logDecider: Decider<Log, LogCommand, LogEvent> = { initialState: { status: 'none' }, decide, evolve };
