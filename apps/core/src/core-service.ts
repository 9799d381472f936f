import { Injectable } from '@nestjs/common';
import {
  type AcquisitionAnswer,
  type AcquisitionLine,
  type AskHoldersLine,
  type CheckpointLine,
  type ConsistencyAnswer,
  type ConsistencyLine,
  type CosignatureAnswer,
  type CollectIdentifierAnswer,
  type CollectIdentifierLine,
  CorePort,
  type DecideQueryLine,
  type DecisionAnswer,
  type Directory,
  type ExchangeStatusAnswer,
  type ExchangeStatusLine,
  type HoldersAnswer,
  type IssueIdentifierAnswer,
  type IssueIdentifierLine,
  type LineOutcome,
  type ProvisionReportLine,
  type Proven,
  type ReceiptLine,
  type RecordedAnswer,
  type WithdrawQueryLine,
} from '#libs/protocol';
import { QueryDecisions } from './decisions/decide-queries.js';
import { ExchangeReports } from './exchanges/exchange-reports.js';
import { ExchangeStatuses } from './exchanges/exchange-statuses.js';
import { HolderQuestions } from './holders/holder-questions.js';
import { Acquisitions } from './identifiers/acquisitions.js';
import { Issuance } from './identifiers/issuance.js';
import { CoreLog } from './log/core-log.js';
import { WitnessedLogs } from './log/witnessed-logs.js';
import { DirectoryView } from './register/directory.js';

type Told<T> = Promise<readonly LineOutcome<T>[]>;

/**
 * The core system (コアシステム) as other servers see it, in one process or over HTTP. Nothing is answered before what it
 * rests on is in the log: the proven hops wait in their own services, the others here.
 */
@Injectable()
export class CoreService extends CorePort {
  constructor(
    private readonly decisions: QueryDecisions,
    private readonly reports: ExchangeReports,
    private readonly exchanges: ExchangeStatuses,
    private readonly holders: HolderQuestions,
    private readonly acquisitions: Acquisitions,
    private readonly issuance: Issuance,
    private readonly view: DirectoryView,
    private readonly log: CoreLog,
    private readonly witnessed: WitnessedLogs,
  ) {
    super();
  }

  override decideQueries(caller: string, lines: readonly DecideQueryLine[], seen?: number): Promise<Proven<DecisionAnswer>> {
    return this.decisions.decide(caller, lines, seen);
  }
  override reportProvisions(caller: string, lines: readonly ProvisionReportLine[], seen?: number): Promise<Proven<RecordedAnswer>> {
    return this.reports.reportProvisions(caller, lines, seen);
  }
  override recordReceipts(caller: string, lines: readonly ReceiptLine[], seen?: number): Promise<Proven<RecordedAnswer>> {
    return this.reports.recordReceipts(caller, lines, seen);
  }
  override withdrawQueries(caller: string, lines: readonly WithdrawQueryLine[]): Told<true> {
    return this.log.after(this.reports.withdrawQueries(caller, lines));
  }
  override exchangeStatuses(caller: string, lines: readonly ExchangeStatusLine[]): Told<ExchangeStatusAnswer> {
    return this.log.after(this.exchanges.statuses(caller, lines));
  }
  override askHolders(caller: string, lines: readonly AskHoldersLine[]): Told<HoldersAnswer> {
    return this.log.after(this.holders.ask(caller, lines));
  }
  override issueAcquisitionNumbers(caller: string, lines: readonly AcquisitionLine[]): Told<AcquisitionAnswer> {
    return this.log.after(this.acquisitions.issue(caller, lines));
  }
  override issueIdentifiers(caller: string, lines: readonly IssueIdentifierLine[]): Told<IssueIdentifierAnswer> {
    return this.log.after(this.issuance.issue(caller, lines));
  }
  override collectIdentifiers(caller: string, lines: readonly CollectIdentifierLine[]): Told<CollectIdentifierAnswer> {
    return this.log.after(this.acquisitions.collect(caller, lines));
  }
  override proveConsistency(caller: string, lines: readonly ConsistencyLine[]): Told<ConsistencyAnswer> {
    return Promise.resolve().then(() => this.log.consistency(caller, lines));
  }
  override witnessCheckpoints(caller: string, lines: readonly CheckpointLine[]): Told<CosignatureAnswer> {
    return this.witnessed.cosign(caller, lines);
  }
  override directory(_caller: string): Promise<Directory> {
    return this.log.after(Promise.resolve(this.view.get()));
  }
}
