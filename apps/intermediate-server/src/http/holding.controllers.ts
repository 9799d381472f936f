import { Body, Controller, Get, HttpCode, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Caller, Callers, TheCaller } from '#libs/platform';
import { answerLines } from '#libs/protocol';
import { HeldProvisions } from '../provision/held-provisions.js';
import { AgencyRecords } from '../record/agency-records.js';
import { ReplicaRegister, type ScopeCommand } from '../replica/replica-register.js';
import { Identifiers } from '../subject/identifiers.js';
import { AfterTheLog } from './after-the-log.js';
import { LIST_DEFAULT } from './agency.controllers.js';
import {
  AcquireIdentifierLineRequest,
  AcquireIdentifiersBody,
  CollectIdentifierLineRequest,
  CollectIdentifiersBody,
  EndProvisionBody,
  PageQuery,
  RegisterReplicaLineRequest,
  RegisterReplicasBody,
  ReleaseProvisionBody,
  ReplicaScopeLineRequest,
  ReplicaScopesBody,
  SearchRecordsBody,
  SearchReplicasBody,
  WithdrawReplicaLineRequest,
  WithdrawReplicasBody,
} from './holding.requests.js';
import { ExchangePath } from './query.requests.js';
import {
  AcquisitionResponse,
  Answers,
  AnswersLines,
  CollectionResponse,
  EndedProvisionResponse,
  HeldProvisionPageResponse,
  PersonReplicasResponse,
  RecordedReplicaResponse,
  RecordPageResponse,
} from './responses.js';

/** Replicas (副本) of the agency that the token proves. */
@Controller('replicas')
@Callers('agency')
@UseInterceptors(AfterTheLog)
@ApiTags('replicas')
export class ReplicasController {
  constructor(private readonly register: ReplicaRegister) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Registers replicas, or corrects what is there' })
  @AnswersLines(RecordedReplicaResponse)
  registerLines(@TheCaller() { issuer }: Caller, @Body() { lines }: RegisterReplicasBody) {
    return answerLines(RegisterReplicaLineRequest, lines, (valid) => this.register.register(issuer, valid));
  }
  @Post('withdrawals')
  @HttpCode(200)
  @ApiOperation({ summary: 'Withdraws replicas' })
  @AnswersLines(RecordedReplicaResponse)
  withdraw(@TheCaller() { issuer }: Caller, @Body() { lines }: WithdrawReplicasBody) {
    return answerLines(WithdrawReplicaLineRequest, lines, (valid) => this.register.withdraw(issuer, valid));
  }
  @Post('blocks')
  @HttpCode(200)
  @ApiOperation({ summary: 'An official answers from now on (自動応答不可), for a person or one information' })
  @AnswersLines(RecordedReplicaResponse)
  block(@TheCaller() { issuer }: Caller, @Body() { lines }: ReplicaScopesBody) {
    return this.#scope(issuer, 'BlockAutomaticAnswer', lines);
  }
  @Post('unblocks')
  @HttpCode(200)
  @ApiOperation({ summary: 'Automatic answers are allowed again' })
  @AnswersLines(RecordedReplicaResponse)
  unblock(@TheCaller() { issuer }: Caller, @Body() { lines }: ReplicaScopesBody) {
    return this.#scope(issuer, 'UnblockAutomaticAnswer', lines);
  }
  @Post('non-disclosures')
  @HttpCode(200)
  @ApiOperation({ summary: 'The fact of a provision is sealed from now on (提供側不開示, art. 23(2))' })
  @AnswersLines(RecordedReplicaResponse)
  setNonDisclosure(@TheCaller() { issuer }: Caller, @Body() { lines }: ReplicaScopesBody) {
    return this.#scope(issuer, 'SetNonDisclosure', lines);
  }
  @Post('non-disclosure-lifts')
  @HttpCode(200)
  @ApiOperation({ summary: 'The fact of a provision may be disclosed again' })
  @AnswersLines(RecordedReplicaResponse)
  liftNonDisclosure(@TheCaller() { issuer }: Caller, @Body() { lines }: ReplicaScopesBody) {
    return this.#scope(issuer, 'LiftNonDisclosure', lines);
  }
  @Post('search')
  @HttpCode(200)
  @ApiOperation({ summary: 'Everything that is held of one person' })
  @Answers(PersonReplicasResponse)
  search(@TheCaller() { issuer }: Caller, @Body() body: SearchReplicasBody) {
    return this.register.search(issuer, body);
  }

  #scope(agency: string, type: ScopeCommand, lines: readonly unknown[]) {
    return answerLines(ReplicaScopeLineRequest, lines, (valid) => this.register.scope(agency, type, valid));
  }
}

@Controller('provisions')
@Callers('agency')
@UseInterceptors(AfterTheLog)
@ApiTags('provisions')
export class HeldProvisionsController {
  constructor(private readonly held: HeldProvisions) {}

  @Get('held')
  @ApiOperation({ summary: 'The work list of what waits for an official' })
  @Answers(HeldProvisionPageResponse)
  list(@TheCaller() { issuer }: Caller, @Query() { limit = LIST_DEFAULT, after }: PageQuery) {
    return this.held.list(issuer, limit, after);
  }
  @Post(':exchangeId/release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Lets a held provision go' })
  @Answers(EndedProvisionResponse)
  release(@TheCaller() { issuer }: Caller, @Param() { exchangeId }: ExchangePath, @Body() { department }: ReleaseProvisionBody) {
    return this.held.release(issuer, exchangeId, department);
  }
  @Post(':exchangeId/end')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ends a held provision without data' })
  @Answers(EndedProvisionResponse)
  end(@TheCaller() { issuer }: Caller, @Param() { exchangeId }: ExchangePath, @Body() body: EndProvisionBody) {
    return this.held.end(issuer, exchangeId, body);
  }
}

@Controller()
@Callers('agency')
@UseInterceptors(AfterTheLog)
@ApiTags('identifiers')
export class IdentifiersController {
  constructor(private readonly identifiers: Identifiers) {}

  @Post('acquisitions')
  @HttpCode(200)
  @ApiOperation({ summary: 'Asks for acquisition numbers (取得番号)' })
  @AnswersLines(AcquisitionResponse)
  acquire(@TheCaller() { issuer }: Caller, @Body() { lines }: AcquireIdentifiersBody) {
    return answerLines(AcquireIdentifierLineRequest, lines, (valid) => this.identifiers.acquire(issuer, valid));
  }
  @Post('identifiers/collections')
  @HttpCode(200)
  @ApiOperation({ summary: 'Fetches the identifiers that were issued; they stay in this server' })
  @AnswersLines(CollectionResponse)
  collect(@TheCaller() { issuer }: Caller, @Body() { lines }: CollectIdentifiersBody) {
    return answerLines(CollectIdentifierLineRequest, lines, (valid) => this.identifiers.collect(issuer, valid));
  }
}

@Controller('records')
@Callers('agency')
@UseInterceptors(AfterTheLog)
@ApiTags('records')
export class RecordsController {
  constructor(private readonly records: AgencyRecords) {}

  @Post('search')
  @HttpCode(200)
  @ApiOperation({ summary: "The agency's own record of exchanges (Act art. 23), newest first" })
  @Answers(RecordPageResponse)
  search(@TheCaller() { issuer }: Caller, @Body() body: SearchRecordsBody) {
    return this.records.search(issuer, body);
  }
}
