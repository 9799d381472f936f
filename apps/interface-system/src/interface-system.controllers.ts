import { Body, Controller, HttpCode, Post } from '@nestjs/common';
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
  DecideQueryLine,
  DecisionsRequest,
  DemandLine,
  DemandsRequest,
  ExchangeStatusLine,
  HoldersRequest,
  IdentifierChangeLine,
  IdentifierChangesRequest,
  PATHS,
  ProvisionAnswer,
  ProvisionLine,
  StatusesRequest,
  TellRecordLine,
  TellRecordsRequest,
  WithdrawalNoticeLine,
  WithdrawalNoticesRequest,
  WithdrawalsRequest,
  WithdrawQueryLine,
} from '#libs/protocol';
import { InterfaceSystemService } from './interface-system.service.js';

class OutgoingProvisionsRequest {
  @IsLines(() => ProvisionAnswer) readonly lines!: unknown[];
}
class ProvisionsRequest {
  @IsLines(() => ProvisionLine) readonly lines!: unknown[];
}

/** For the intermediate servers behind this interface system. */
@Controller()
@Callers('server')
export class OutgoingController {
  constructor(private readonly service: InterfaceSystemService) {}

  @Post(PATHS.decideQueries)
  @HttpCode(200)
  decisions(@TheCaller() { issuer }: Caller, @Body() { lines }: DecisionsRequest) {
    return answerProvenLines(DecideQueryLine, lines, (valid) => this.service.decideQueries(issuer, valid));
  }
  @Post(PATHS.withdrawQueries)
  @HttpCode(200)
  withdrawals(@TheCaller() { issuer }: Caller, @Body() { lines }: WithdrawalsRequest) {
    return answerLines(WithdrawQueryLine, lines, (valid) => this.service.withdrawQueries(issuer, valid));
  }
  @Post(PATHS.exchangeStatuses)
  @HttpCode(200)
  statuses(@TheCaller() { issuer }: Caller, @Body() { lines }: StatusesRequest) {
    return answerLines(ExchangeStatusLine, lines, (valid) => this.service.exchangeStatuses(issuer, valid));
  }
  @Post(PATHS.askHolders)
  @HttpCode(200)
  holders(@TheCaller() { issuer }: Caller, @Body() { lines }: HoldersRequest) {
    return answerLines(AskHoldersLine, lines, (valid) => this.service.askHolders(issuer, valid));
  }
  @Post(PATHS.issueAcquisitionNumbers)
  @HttpCode(200)
  acquisitionNumbers(@TheCaller() { issuer }: Caller, @Body() { lines }: AcquisitionsRequest) {
    return answerLines(AcquisitionLine, lines, (valid) => this.service.issueAcquisitionNumbers(issuer, valid));
  }
  @Post(PATHS.collectIdentifiers)
  @HttpCode(200)
  collections(@TheCaller() { issuer }: Caller, @Body() { lines }: CollectionsRequest) {
    return answerLines(CollectIdentifierLine, lines, (valid) => this.service.collectIdentifiers(issuer, valid));
  }
  @Post(PATHS.sendProvisions)
  @HttpCode(200)
  outgoingProvisions(@TheCaller() { issuer }: Caller, @Body() { lines }: OutgoingProvisionsRequest) {
    return answerLines(ProvisionAnswer, lines, (valid) => this.service.sendProvisions(issuer, valid));
  }
}

/** For the core. */
@Controller()
@Callers('server')
export class CoreFacingController {
  constructor(private readonly service: InterfaceSystemService) {}

  @Post(PATHS.deliverDemands)
  @HttpCode(200)
  demands(@TheCaller() { issuer }: Caller, @Body() { lines, proof }: DemandsRequest) {
    return answerLines(DemandLine, lines, (valid) => this.service.deliverDemands(issuer, valid, proof));
  }
  @Post(PATHS.deliverWithdrawals)
  @HttpCode(200)
  withdrawalNotices(@TheCaller() { issuer }: Caller, @Body() { lines }: WithdrawalNoticesRequest) {
    return answerLines(WithdrawalNoticeLine, lines, (valid) => this.service.deliverWithdrawals(issuer, valid));
  }
  @Post(PATHS.deliverIdentifierChanges)
  @HttpCode(200)
  identifierChanges(@TheCaller() { issuer }: Caller, @Body() { lines }: IdentifierChangesRequest) {
    return answerLines(IdentifierChangeLine, lines, (valid) => this.service.deliverIdentifierChanges(issuer, valid));
  }
  @Post(PATHS.tellRecords)
  @HttpCode(200)
  recordsOfExchanges(@TheCaller() { issuer }: Caller, @Body() { lines }: TellRecordsRequest) {
    return answerProvenLines(TellRecordLine, lines, (valid) => this.service.tellRecords(issuer, valid));
  }
}

/** For the core, which asks for a cosignature of its log, and for the servers behind, which ask for the core's. */
@Controller()
@Callers('server')
export class WitnessController {
  constructor(private readonly service: InterfaceSystemService) {}

  @Post(PATHS.witnessCheckpoints)
  @HttpCode(200)
  checkpoints(@TheCaller() { issuer }: Caller, @Body() { lines }: CheckpointsRequest) {
    return answerLines(CheckpointLine, lines, (valid) => this.service.witnessCheckpoints(issuer, valid));
  }
}

/** For other interface systems. */
@Controller()
@Callers('server')
export class PeerController {
  constructor(private readonly service: InterfaceSystemService) {}

  @Post(PATHS.deliverProvisions)
  @HttpCode(200)
  provisions(@TheCaller() { issuer }: Caller, @Body() { lines }: ProvisionsRequest) {
    return answerProvenLines(ProvisionLine, lines, (valid) => this.service.deliverProvisions(issuer, valid));
  }
}
