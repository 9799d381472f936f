import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, Callers, IsLines, TheCaller } from '#libs/platform';
import { answerLines, DeliveredProvisionLine, DemandLine, IdentifierChangeLine, PATHS, WithdrawalNoticeLine } from '#libs/protocol';
import { IntermediateServerService } from '../intermediate-server.service.js';

class DemandsBody {
  @IsLines(() => DemandLine) readonly lines!: unknown[];
}
class WithdrawalNoticesBody {
  @IsLines(() => WithdrawalNoticeLine) readonly lines!: unknown[];
}
class DeliveredProvisionsBody {
  @IsLines(() => DeliveredProvisionLine) readonly lines!: unknown[];
}
class IdentifierChangesBody {
  @IsLines(() => IdentifierChangeLine) readonly lines!: unknown[];
}

/** For the interface system of the agencies that each line names. */
@Controller()
@Callers('server')
@ApiTags('interface system')
export class ServerController {
  constructor(private readonly service: IntermediateServerService) {}

  @Post(PATHS.answerDemands)
  @HttpCode(200)
  demands(@TheCaller() { issuer }: Caller, @Body() { lines }: DemandsBody) {
    return answerLines(DemandLine, lines, (valid) => this.service.answerDemands(issuer, valid));
  }
  @Post(PATHS.endWithdrawn)
  @HttpCode(200)
  withdrawalNotices(@TheCaller() { issuer }: Caller, @Body() { lines }: WithdrawalNoticesBody) {
    return answerLines(WithdrawalNoticeLine, lines, (valid) => this.service.endWithdrawn(issuer, valid));
  }
  @Post(PATHS.receiveProvisions)
  @HttpCode(200)
  provisions(@TheCaller() { issuer }: Caller, @Body() { lines }: DeliveredProvisionsBody) {
    return answerLines(DeliveredProvisionLine, lines, (valid) => this.service.receiveProvisions(issuer, valid));
  }
  @Post(PATHS.changeIdentifiers)
  @HttpCode(200)
  identifierChanges(@TheCaller() { issuer }: Caller, @Body() { lines }: IdentifierChangesBody) {
    return answerLines(IdentifierChangeLine, lines, (valid) => this.service.changeIdentifiers(issuer, valid));
  }
}
