import { type Decider, DomainError } from '#libs/kernel';
import type { LogEvent } from './log.events.js';

/** `byOperator`: a new origin (an epoch after a restore) or a key that the old one does not vouch for is an operator's to accept. */
export interface ConfigureWitness {
  readonly type: 'ConfigureWitness';
  readonly data: { readonly server: string; readonly origin: string; readonly key: string; readonly byOperator: boolean; readonly vouchedFor: boolean };
}
/** Which verifier keys the core accepts for the log of one server, by origin; the last origin counts. */
export interface WitnessedLog {
  readonly origin?: string;
  readonly keys: readonly string[];
}

/** One log that the core cosigns, stream `ledger-witness.<server>`: the first key is taken as it comes from the server itself. */
export const witnessDecider: Decider<WitnessedLog, ConfigureWitness, LogEvent> = {
  initialState: { keys: [] },
  decide({ data: { server, origin, key, byOperator, vouchedFor } }, log) {
    if (log.origin === origin && log.keys.includes(key)) return [];
    const isFirst = log.origin === undefined;
    if (!isFirst && !byOperator && log.origin !== origin) {
      throw new DomainError('LEDGER_EPOCH_UNKNOWN', 'conflict', 'the log has opened another epoch: an operator of the core must accept it');
    }
    if (!isFirst && !byOperator && !vouchedFor) throw new DomainError('LEDGER_KEY_UNKNOWN', 'conflict', 'the key is not vouched for by the one before it');
    return [{ type: 'WitnessConfigured', data: { server, origin, key } }];
  },
  evolve(log, event) {
    if (event.type !== 'WitnessConfigured') return log;
    const { origin, key } = event.data;
    return { origin, keys: log.origin === origin ? [...log.keys, key] : [key] };
  },
};
