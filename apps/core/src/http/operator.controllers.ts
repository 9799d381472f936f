import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Callers, IsLines } from '#libs/platform';
import { answerLines, type LineOutcome, toError } from '#libs/protocol';
import { CoreOperations } from '../operations/core-operations.js';
import { EnactMatrixRequest, OpeningLine, RepealMatrixRequest } from '../operations/matrix.lines.js';
import {
  AcceptLogKeyLine,
  AssessmentLine,
  type Changed,
  ChangeIdentifierLine,
  DelegateAgencyLine,
  HostAgencyLine,
  ParticipationLine,
  RegisterAgencyLine,
  RegisterServerLine,
  RotateAgencyKeyLine,
  RotateServerKeyLine,
  StandingLine,
} from '../operations/operation.lines.js';

class ServersRequest {
  @IsLines(() => RegisterServerLine) readonly lines!: unknown[];
}
class ServerKeysRequest {
  @IsLines(() => RotateServerKeyLine) readonly lines!: unknown[];
}
class AgenciesRequest {
  @IsLines(() => RegisterAgencyLine) readonly lines!: unknown[];
}
class HostingsRequest {
  @IsLines(() => HostAgencyLine) readonly lines!: unknown[];
}
class DelegationsRequest {
  @IsLines(() => DelegateAgencyLine) readonly lines!: unknown[];
}
class AgencyKeysRequest {
  @IsLines(() => RotateAgencyKeyLine) readonly lines!: unknown[];
}
class ParticipationsRequest {
  @IsLines(() => ParticipationLine) readonly lines!: unknown[];
}
class AssessmentsRequest {
  @IsLines(() => AssessmentLine) readonly lines!: unknown[];
}
class StandingsRequest {
  @IsLines(() => StandingLine) readonly lines!: unknown[];
}
class OpeningsRequest {
  @IsLines(() => OpeningLine) readonly lines!: unknown[];
}
class LogKeysRequest {
  @IsLines(() => AcceptLogKeyLine) readonly lines!: unknown[];
}
class IdentifiersRequest {
  @IsLines(() => ChangeIdentifierLine) readonly lines!: unknown[];
}

/** The outcome of what is one thing and no batch. */
function valueOf(outcome: LineOutcome<Changed>): Changed {
  if (outcome.ok) return outcome.value;
  throw toError(outcome.problem);
}

/** The register of servers and agencies. */
@Controller('operations')
@Callers('operator')
@ApiTags('operations: register')
export class RegisterController {
  constructor(private readonly operations: CoreOperations) {}

  @Post('servers')
  @HttpCode(200)
  servers(@Body() { lines }: ServersRequest) {
    return answerLines(RegisterServerLine, lines, (valid) => this.operations.registerServers(valid));
  }
  @Post('server-keys')
  @HttpCode(200)
  serverKeys(@Body() { lines }: ServerKeysRequest) {
    return answerLines(RotateServerKeyLine, lines, (valid) => this.operations.rotateServerKeys(valid));
  }
  @Post('agencies')
  @HttpCode(200)
  agencies(@Body() { lines }: AgenciesRequest) {
    return answerLines(RegisterAgencyLine, lines, (valid) => this.operations.registerAgencies(valid));
  }
  @Post('hostings')
  @HttpCode(200)
  hostings(@Body() { lines }: HostingsRequest) {
    return answerLines(HostAgencyLine, lines, (valid) => this.operations.hostAgencies(valid));
  }
  @Post('delegations')
  @HttpCode(200)
  delegations(@Body() { lines }: DelegationsRequest) {
    return answerLines(DelegateAgencyLine, lines, (valid) => this.operations.delegateAgencies(valid));
  }
  @Post('agency-keys')
  @HttpCode(200)
  agencyKeys(@Body() { lines }: AgencyKeysRequest) {
    return answerLines(RotateAgencyKeyLine, lines, (valid) => this.operations.rotateAgencyKeys(valid));
  }
  @Post('log-keys')
  @HttpCode(200)
  logKeys(@Body() { lines }: LogKeysRequest) {
    return answerLines(AcceptLogKeyLine, lines, (valid) => this.operations.acceptLogKeys(valid));
  }
  @Post('participations')
  @HttpCode(200)
  participations(@Body() { lines }: ParticipationsRequest) {
    return answerLines(ParticipationLine, lines, (valid) => this.operations.changeParticipation(valid));
  }
}

/** What an agency may do: assessments, suspension. */
@Controller('operations')
@Callers('operator')
@ApiTags('operations: standing')
export class StandingController {
  constructor(private readonly operations: CoreOperations) {}

  @Post('assessments/publish')
  @HttpCode(200)
  publish(@Body() { lines }: AssessmentsRequest) {
    return answerLines(AssessmentLine, lines, (valid) => this.operations.publishAssessments(valid));
  }
  @Post('assessments/withdraw')
  @HttpCode(200)
  withdraw(@Body() { lines }: AssessmentsRequest) {
    return answerLines(AssessmentLine, lines, (valid) => this.operations.withdrawAssessments(valid));
  }
  @Post('suspensions')
  @HttpCode(200)
  suspend(@Body() { lines }: StandingsRequest) {
    return answerLines(StandingLine, lines, (valid) => this.operations.suspendAgencies(valid));
  }
  @Post('reinstatements')
  @HttpCode(200)
  reinstate(@Body() { lines }: StandingsRequest) {
    return answerLines(StandingLine, lines, (valid) => this.operations.reinstateAgencies(valid));
  }
}

/** The law: versions of the table, and openings. */
@Controller('operations')
@Callers('operator')
@ApiTags('operations: law')
export class LawController {
  constructor(private readonly operations: CoreOperations) {}

  @Post('matrix/enact')
  @HttpCode(200)
  async enact(@Body() request: EnactMatrixRequest): Promise<Changed> {
    return valueOf(await this.operations.enactMatrix(request));
  }
  @Post('matrix/repeal')
  @HttpCode(200)
  async repeal(@Body() request: RepealMatrixRequest): Promise<Changed> {
    return valueOf(await this.operations.repealMatrix(request));
  }
  @Post('openings')
  @HttpCode(200)
  openings(@Body() { lines }: OpeningsRequest) {
    return answerLines(OpeningLine, lines, (valid) => this.operations.openOperations(valid));
  }
}

/** Identifiers that must go. */
@Controller('operations/identifiers')
@Callers('operator')
@ApiTags('operations: identifiers')
export class IdentifierOperationsController {
  constructor(private readonly operations: CoreOperations) {}

  @Post('revoke')
  @HttpCode(200)
  revoke(@Body() { lines }: IdentifiersRequest) {
    return answerLines(ChangeIdentifierLine, lines, (valid) => this.operations.revokeIdentifiers(valid));
  }
  @Post('reissue')
  @HttpCode(200)
  reissue(@Body() { lines }: IdentifiersRequest) {
    return answerLines(ChangeIdentifierLine, lines, (valid) => this.operations.reissueIdentifiers(valid));
  }
}
