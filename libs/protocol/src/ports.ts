import type { Directory } from './directory.js';
import type { CheckpointLine, ConsistencyAnswer, ConsistencyLine, CosignatureAnswer, Proven, SharedProof } from './ledger.messages.js';
import type {
  AskHoldersLine,
  DecideQueryLine,
  DecisionAnswer,
  DeliveredProvisionLine,
  DemandLine,
  ExchangeStatusAnswer,
  ExchangeStatusLine,
  HoldersAnswer,
  ProvisionAnswer,
  ProvisionLine,
  ProvisionReportLine,
  ReceiptLine,
  RecordedAnswer,
  RecordTold,
  TellRecordLine,
  WithdrawalNoticeLine,
  WithdrawQueryLine,
} from './exchange.messages.js';
import type {
  AcquisitionAnswer,
  AcquisitionLine,
  AssignNumberAnswer,
  AssignNumberLine,
  ChangeNumberLine,
  CollectIdentifierAnswer,
  CollectIdentifierLine,
  ForwardAcquisitionLine,
  IdentifierChangeLine,
  IssueIdentifierAnswer,
  IssueIdentifierLine,
} from './identifier.messages.js';
import type { LineOutcome } from './line-outcome.js';

/**
 * The hops of an exchange. `caller` is the server that the token proved (or, in one process, that the wiring bound).
 * Each takes at most BATCH_LINES_MAX lines, answers each line in order, and may be called again with the same lines:
 * what was recorded is told again. A whole call rejects (DomainError `unavailable`, `busy`) only where nothing is known
 * to have been recorded; nothing is answered that is not durable and in the log. `seen`: size of the largest checkpoint of
 * the answering party's log that the caller has verified; the proof then starts from there.
 */
export abstract class CorePort {
  abstract decideQueries(caller: string, lines: readonly DecideQueryLine[], seen?: number): Promise<Proven<DecisionAnswer>>;
  abstract reportProvisions(caller: string, lines: readonly ProvisionReportLine[], seen?: number): Promise<Proven<RecordedAnswer>>;
  abstract recordReceipts(caller: string, lines: readonly ReceiptLine[], seen?: number): Promise<Proven<RecordedAnswer>>;
  abstract withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract exchangeStatuses(caller: string, lines: readonly ExchangeStatusLine[]): Promise<readonly LineOutcome<ExchangeStatusAnswer>[]>;
  abstract askHolders(caller: string, lines: readonly AskHoldersLine[]): Promise<readonly LineOutcome<HoldersAnswer>[]>;
  abstract issueAcquisitionNumbers(caller: string, lines: readonly AcquisitionLine[]): Promise<readonly LineOutcome<AcquisitionAnswer>[]>;
  /** Caller: the resident registry. */
  abstract issueIdentifiers(caller: string, lines: readonly IssueIdentifierLine[]): Promise<readonly LineOutcome<IssueIdentifierAnswer>[]>;
  abstract collectIdentifiers(caller: string, lines: readonly CollectIdentifierLine[]): Promise<readonly LineOutcome<CollectIdentifierAnswer>[]>;
  abstract directory(caller: string): Promise<Directory>;
  /** Consistency proofs of the core's own log, between sizes that it has. */
  abstract proveConsistency(caller: string, lines: readonly ConsistencyLine[]): Promise<readonly LineOutcome<ConsistencyAnswer>[]>;
  /** The core as witness of other parties' logs; caller: an interface system, for servers behind it, or the registry for itself. */
  abstract witnessCheckpoints(caller: string, lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]>;
}

/** What the core and other interface systems ask of an interface system. */
export abstract class InterfaceSystemPort {
  /** Caller: the core. `proof` covers the `place` of every line. */
  abstract deliverDemands(caller: string, lines: readonly DemandLine[], proof?: SharedProof): Promise<readonly LineOutcome<true>[]>;
  abstract deliverWithdrawals(caller: string, lines: readonly WithdrawalNoticeLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract deliverIdentifierChanges(caller: string, lines: readonly IdentifierChangeLine[]): Promise<readonly LineOutcome<true>[]>;
  /**
   * Caller: another interface system (or itself). Accepted means recorded at the requester's server: the receipt, with its
   * place in that server's log, is the answer; null where nothing was received (an end without data).
   */
  abstract deliverProvisions(caller: string, lines: readonly ProvisionLine[]): Promise<Proven<ReceiptLine | null>>;
  /** Caller: an intermediate server behind it. What is passed to the core, for the agencies that both speak for. */
  abstract decideQueries(caller: string, lines: readonly DecideQueryLine[]): Promise<Proven<DecisionAnswer>>;
  abstract withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract exchangeStatuses(caller: string, lines: readonly ExchangeStatusLine[]): Promise<readonly LineOutcome<ExchangeStatusAnswer>[]>;
  abstract askHolders(caller: string, lines: readonly AskHoldersLine[]): Promise<readonly LineOutcome<HoldersAnswer>[]>;
  abstract issueAcquisitionNumbers(caller: string, lines: readonly AcquisitionLine[]): Promise<readonly LineOutcome<AcquisitionAnswer>[]>;
  abstract collectIdentifiers(caller: string, lines: readonly CollectIdentifierLine[]): Promise<readonly LineOutcome<CollectIdentifierAnswer>[]>;
  /** Caller: an intermediate server behind it; provisions that an official released or ended. Seals, sends on and reports. */
  abstract sendProvisions(caller: string, lines: readonly ProvisionAnswer[]): Promise<readonly LineOutcome<true>[]>;
  /** From the core: it asks for a cosignature of its own log. From an intermediate server behind: passed on to the core. */
  abstract witnessCheckpoints(caller: string, lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]>;
  /** Caller: the core, which reconciles; passed on to the servers behind. */
  abstract tellRecords(caller: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold>>;
}

/** What an interface system asks of the intermediate servers behind it. */
export abstract class IntermediateServerPort {
  abstract answerDemands(caller: string, lines: readonly DemandLine[]): Promise<readonly LineOutcome<ProvisionAnswer>[]>;
  /** Ends a held provision whose query was withdrawn; the value is the report for the core, null where nothing was held. */
  abstract endWithdrawn(caller: string, lines: readonly WithdrawalNoticeLine[]): Promise<readonly LineOutcome<ProvisionAnswer | null>[]>;
  /** Puts the data into the mailbox, then records; the value is the receipt for the core, absent where nothing was received. */
  abstract receiveProvisions(caller: string, lines: readonly DeliveredProvisionLine[]): Promise<Proven<ReceiptLine | null>>;
  abstract changeIdentifiers(caller: string, lines: readonly IdentifierChangeLine[]): Promise<readonly LineOutcome<true>[]>;
  /** What this server has recorded of exchanges of the agencies that it speaks for, with its place in this server's log. */
  abstract tellRecords(caller: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold>>;
}

/** The way to the registry. `caller` is the agency that the token proved: its terminal, or a municipality. */
export abstract class ResidentRegistryPort {
  /** Passes acquisition number and resident record code to the core; never the individual number. */
  abstract forwardAcquisitions(caller: string, lines: readonly ForwardAcquisitionLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract assignNumbers(caller: string, lines: readonly AssignNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]>;
  abstract changeNumbers(caller: string, lines: readonly ChangeNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]>;
}
