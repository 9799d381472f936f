import type { Directory } from './directory.js';
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
 * to have been recorded; nothing is answered that is not durable.
 */
export abstract class CorePort {
  abstract decideQueries(caller: string, lines: readonly DecideQueryLine[]): Promise<readonly LineOutcome<DecisionAnswer>[]>;
  abstract reportProvisions(caller: string, lines: readonly ProvisionReportLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract recordReceipts(caller: string, lines: readonly ReceiptLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract exchangeStatuses(caller: string, lines: readonly ExchangeStatusLine[]): Promise<readonly LineOutcome<ExchangeStatusAnswer>[]>;
  abstract askHolders(caller: string, lines: readonly AskHoldersLine[]): Promise<readonly LineOutcome<HoldersAnswer>[]>;
  abstract issueAcquisitionNumbers(caller: string, lines: readonly AcquisitionLine[]): Promise<readonly LineOutcome<AcquisitionAnswer>[]>;
  /** Caller: the resident registry. */
  abstract issueIdentifiers(caller: string, lines: readonly IssueIdentifierLine[]): Promise<readonly LineOutcome<IssueIdentifierAnswer>[]>;
  abstract collectIdentifiers(caller: string, lines: readonly CollectIdentifierLine[]): Promise<readonly LineOutcome<CollectIdentifierAnswer>[]>;
  abstract directory(caller: string): Promise<Directory>;
}

/** What the core and other interface systems ask of an interface system. */
export abstract class InterfaceSystemPort {
  /** Caller: the core. */
  abstract deliverDemands(caller: string, lines: readonly DemandLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract deliverWithdrawals(caller: string, lines: readonly WithdrawalNoticeLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract deliverIdentifierChanges(caller: string, lines: readonly IdentifierChangeLine[]): Promise<readonly LineOutcome<true>[]>;
  /** Caller: another interface system (or itself). Accepted means recorded at the requester's server. */
  abstract deliverProvisions(caller: string, lines: readonly ProvisionLine[]): Promise<readonly LineOutcome<true>[]>;
  /** Caller: an intermediate server behind it. What is passed to the core, for the agencies that both speak for. */
  abstract decideQueries(caller: string, lines: readonly DecideQueryLine[]): Promise<readonly LineOutcome<DecisionAnswer>[]>;
  abstract withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract exchangeStatuses(caller: string, lines: readonly ExchangeStatusLine[]): Promise<readonly LineOutcome<ExchangeStatusAnswer>[]>;
  abstract askHolders(caller: string, lines: readonly AskHoldersLine[]): Promise<readonly LineOutcome<HoldersAnswer>[]>;
  abstract issueAcquisitionNumbers(caller: string, lines: readonly AcquisitionLine[]): Promise<readonly LineOutcome<AcquisitionAnswer>[]>;
  abstract collectIdentifiers(caller: string, lines: readonly CollectIdentifierLine[]): Promise<readonly LineOutcome<CollectIdentifierAnswer>[]>;
  /** Caller: an intermediate server behind it; provisions that an official released or ended. Seals, sends on and reports. */
  abstract sendProvisions(caller: string, lines: readonly ProvisionAnswer[]): Promise<readonly LineOutcome<true>[]>;
}

/** What an interface system asks of the intermediate servers behind it. */
export abstract class IntermediateServerPort {
  abstract answerDemands(caller: string, lines: readonly DemandLine[]): Promise<readonly LineOutcome<ProvisionAnswer>[]>;
  /** Ends a held provision whose query was withdrawn; the value is the report for the core, null where nothing was held. */
  abstract endWithdrawn(caller: string, lines: readonly WithdrawalNoticeLine[]): Promise<readonly LineOutcome<ProvisionAnswer | null>[]>;
  /** Puts the data into the mailbox, then records; the value is the receipt for the core, absent where nothing was received. */
  abstract receiveProvisions(caller: string, lines: readonly DeliveredProvisionLine[]): Promise<readonly LineOutcome<ReceiptLine | null>[]>;
  abstract changeIdentifiers(caller: string, lines: readonly IdentifierChangeLine[]): Promise<readonly LineOutcome<true>[]>;
}

/** The way to the registry. `caller` is the agency that the token proved: its terminal, or a municipality. */
export abstract class ResidentRegistryPort {
  /** Passes acquisition number and resident record code to the core; never the individual number. */
  abstract forwardAcquisitions(caller: string, lines: readonly ForwardAcquisitionLine[]): Promise<readonly LineOutcome<true>[]>;
  abstract assignNumbers(caller: string, lines: readonly AssignNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]>;
  abstract changeNumbers(caller: string, lines: readonly ChangeNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]>;
}
