import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, Callers, IsLines, TheCaller } from '#libs/platform';
import {
  answerLines,
  answerProvenLines,
  DeliveredProvisionLine,
  DemandLine,
  DemandsRequest,
  IdentifierChangeLine,
  IdentifierChangesRequest,
  PATHS,
  TellRecordLine,
  TellRecordsRequest,
  WithdrawalNoticeLine,
  WithdrawalNoticesRequest,
} from '#libs/protocol';
import { IntermediateServerService } from '../intermediate-server.service.js';

class DeliveredProvisionsBody {
  @IsLines(() => DeliveredProvisionLine) readonly lines!: unknown[];
}

/** For the interface system of the agencies that each line names. */
@Controller()
@Callers('server')
@ApiTags('interface system')
export class ServerController {
  constructor(private readonly service: IntermediateServerService) {}

  @Post(PATHS.answerDemands)
  @HttpCode(200)
  demands(@TheCaller() { issuer }: Caller, @Body() { lines }: DemandsRequest) {
    return answerLines(DemandLine, lines, (valid) => this.service.answerDemands(issuer, valid));
  }
  @Post(PATHS.endWithdrawn)
  @HttpCode(200)
  withdrawalNotices(@TheCaller() { issuer }: Caller, @Body() { lines }: WithdrawalNoticesRequest) {
    return answerLines(WithdrawalNoticeLine, lines, (valid) => this.service.endWithdrawn(issuer, valid));
  }
  @Post(PATHS.receiveProvisions)
  @HttpCode(200)
  provisions(@TheCaller() { issuer }: Caller, @Body() { lines }: DeliveredProvisionsBody) {
    return answerProvenLines(DeliveredProvisionLine, lines, (valid) => this.service.receiveProvisions(issuer, valid));
  }
  @Post(PATHS.changeIdentifiers)
  @HttpCode(200)
  identifierChanges(@TheCaller() { issuer }: Caller, @Body() { lines }: IdentifierChangesRequest) {
    return answerLines(IdentifierChangeLine, lines, (valid) => this.service.changeIdentifiers(issuer, valid));
  }
  @Post(PATHS.tellRecords)
  @HttpCode(200)
  records(@TheCaller() { issuer }: Caller, @Body() { lines }: TellRecordsRequest) {
    return answerProvenLines(TellRecordLine, lines, (valid) => this.service.tellRecords(issuer, valid));
  }
}
