import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, Callers, IsLines, TheCaller } from '#libs/platform';
import {
  AcquisitionLine,
  AcquisitionsRequest,
  answerLines,
  answerProvenLines,
  AskHoldersLine,
  CheckpointLine,
  CheckpointsRequest,
  CollectIdentifierLine,
  CollectionsRequest,
  ConsistencyLine,
  DecideQueryLine,
  DecisionsRequest,
  ExchangeStatusLine,
  HoldersRequest,
  IssueIdentifierLine,
  PATHS,
  ProvenRequest,
  ProvisionReportLine,
  ReceiptLine,
  StatusesRequest,
  WithdrawalsRequest,
  WithdrawQueryLine,
} from '#libs/protocol';
import { CoreService } from '../core-service.js';

class ProvisionReportsRequest extends ProvenRequest {
  @IsLines(() => ProvisionReportLine) readonly lines!: unknown[];
}
class ReceiptsRequest extends ProvenRequest {
  @IsLines(() => ReceiptLine) readonly lines!: unknown[];
}
class IssuancesRequest {
  @IsLines(() => IssueIdentifierLine) readonly lines!: unknown[];
}

/** The hops of an exchange, for interface systems. */
@Controller()
@Callers('server')
@ApiTags('exchanges')
export class ExchangesController {
  constructor(private readonly core: CoreService) {}

  @Post(PATHS.decideQueries)
  @HttpCode(200)
  decisions(@TheCaller() { issuer }: Caller, @Body() { lines, seen }: DecisionsRequest) {
    return answerProvenLines(DecideQueryLine, lines, (valid) => this.core.decideQueries(issuer, valid, seen));
  }
  @Post(PATHS.reportProvisions)
  @HttpCode(200)
  provisionReports(@TheCaller() { issuer }: Caller, @Body() { lines, seen }: ProvisionReportsRequest) {
    return answerProvenLines(ProvisionReportLine, lines, (valid) => this.core.reportProvisions(issuer, valid, seen));
  }
  @Post(PATHS.recordReceipts)
  @HttpCode(200)
  receipts(@TheCaller() { issuer }: Caller, @Body() { lines, seen }: ReceiptsRequest) {
    return answerProvenLines(ReceiptLine, lines, (valid) => this.core.recordReceipts(issuer, valid, seen));
  }
  @Post(PATHS.withdrawQueries)
  @HttpCode(200)
  withdrawals(@TheCaller() { issuer }: Caller, @Body() { lines }: WithdrawalsRequest) {
    return answerLines(WithdrawQueryLine, lines, (valid) => this.core.withdrawQueries(issuer, valid));
  }
  @Post(PATHS.exchangeStatuses)
  @HttpCode(200)
  statuses(@TheCaller() { issuer }: Caller, @Body() { lines }: StatusesRequest) {
    return answerLines(ExchangeStatusLine, lines, (valid) => this.core.exchangeStatuses(issuer, valid));
  }
  @Post(PATHS.askHolders)
  @HttpCode(200)
  holders(@TheCaller() { issuer }: Caller, @Body() { lines }: HoldersRequest) {
    return answerLines(AskHoldersLine, lines, (valid) => this.core.askHolders(issuer, valid));
  }
}

/** Identifiers (機関別符号): for interface systems, and for the resident registry. */
@Controller()
@Callers('server')
@ApiTags('identifiers')
export class IdentifiersController {
  constructor(private readonly core: CoreService) {}

  @Post(PATHS.issueAcquisitionNumbers)
  @HttpCode(200)
  acquisitionNumbers(@TheCaller() { issuer }: Caller, @Body() { lines }: AcquisitionsRequest) {
    return answerLines(AcquisitionLine, lines, (valid) => this.core.issueAcquisitionNumbers(issuer, valid));
  }
  @Post(PATHS.issueIdentifiers)
  @HttpCode(200)
  issuances(@TheCaller() { issuer }: Caller, @Body() { lines }: IssuancesRequest) {
    return answerLines(IssueIdentifierLine, lines, (valid) => this.core.issueIdentifiers(issuer, valid));
  }
  @Post(PATHS.collectIdentifiers)
  @HttpCode(200)
  collections(@TheCaller() { issuer }: Caller, @Body() { lines }: CollectionsRequest) {
    return answerLines(CollectIdentifierLine, lines, (valid) => this.core.collectIdentifiers(issuer, valid));
  }
}

class ConsistencyRequest {
  @IsLines(() => ConsistencyLine) readonly lines!: unknown[];
}

/** The core's own log, and those that it cosigns: for the parties, whose checkpoints these are. */
@Controller()
@Callers('server')
@ApiTags('ledger')
export class LogsController {
  constructor(private readonly core: CoreService) {}

  @Post(PATHS.proveConsistency)
  @HttpCode(200)
  consistency(@TheCaller() { issuer }: Caller, @Body() { lines }: ConsistencyRequest) {
    return answerLines(ConsistencyLine, lines, (valid) => this.core.proveConsistency(issuer, valid));
  }
  @Post(PATHS.witnessCheckpoints)
  @HttpCode(200)
  checkpoints(@TheCaller() { issuer }: Caller, @Body() { lines }: CheckpointsRequest) {
    return answerLines(CheckpointLine, lines, (valid) => this.core.witnessCheckpoints(issuer, valid));
  }
}

/** Who speaks for whom, where, with which keys: nothing in it is secret, but it is for those who take part. */
@Controller()
@Callers('server')
@ApiTags('directory')
export class DirectoryController {
  constructor(private readonly core: CoreService) {}

  @Post(PATHS.directory)
  @HttpCode(200)
  directory(@TheCaller() { issuer }: Caller) {
    return this.core.directory(issuer);
  }
}
