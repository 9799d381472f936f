// What the rpcs of the double share.
import type { EventLog } from './log.js';
import type { FaultPlan } from './faults.js';

export type DoubleVersion = '23.10.8' | '24.2.0';

export interface DoubleState {
  readonly version: DoubleVersion;
  readonly reportedVersion: string;
  readonly log: EventLog;
  readonly faults: FaultPlan;
  /** Port that clients reach. */
  readonly port: () => number;
  readonly cutConnections: () => void;
  /** Ends each live subscription as that of a consumer too slow. */
  readonly tooSlow: Set<() => void>;
}
