import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type Caller, Callers, IsLines, TheCaller } from '#libs/platform';
import { answerLines, AssignNumberLine, ChangeNumberLine, ForwardAcquisitionLine, PATHS } from '#libs/protocol';
import { ResidentRegistryService } from './registry.service.js';

class AcquisitionsRequest {
  @IsLines(() => ForwardAcquisitionLine) readonly lines!: unknown[];
}
class NumbersRequest {
  @IsLines(() => AssignNumberLine) readonly lines!: unknown[];
}
class NumberChangesRequest {
  @IsLines(() => ChangeNumberLine) readonly lines!: unknown[];
}

@Controller()
@Callers('agency')
export class RegistryController {
  constructor(private readonly service: ResidentRegistryService) {}

  /** From an agency's terminal: acquisition number and individual number. */
  @Post(PATHS.forwardAcquisitions)
  @HttpCode(200)
  acquisitions(@TheCaller() { issuer }: Caller, @Body() { lines }: AcquisitionsRequest) {
    return answerLines(ForwardAcquisitionLine, lines, (valid) => this.service.forwardAcquisitions(issuer, valid));
  }
  /** From a municipality: numbers for residents. */
  @Post(PATHS.assignNumbers)
  @HttpCode(200)
  numbers(@TheCaller() { issuer }: Caller, @Body() { lines }: NumbersRequest) {
    return answerLines(AssignNumberLine, lines, (valid) => this.service.assignNumbers(issuer, valid));
  }
  /** From a municipality: a number that may be misused is replaced. */
  @Post(PATHS.changeNumbers)
  @HttpCode(200)
  numberChanges(@TheCaller() { issuer }: Caller, @Body() { lines }: NumberChangesRequest) {
    return answerLines(ChangeNumberLine, lines, (valid) => this.service.changeNumbers(issuer, valid));
  }
}
