import { Body, Controller, Get, HttpCode, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { SubmitQueryLine } from '#libs/agency-sdk';
import { type Caller, Callers, TheCaller } from '#libs/platform';
import { answerLines } from '#libs/protocol';
import { Queries } from '../query/queries.js';
import { QuerySubmission } from '../query/query-submission.js';
import { Results } from '../result/results.js';
import { AfterTheLog } from './after-the-log.js';
import { AcknowledgeResultLineRequest, AcknowledgeResultsBody, PageQuery } from './holding.requests.js';
import {
  AskHoldersBody,
  AskHoldersLineRequest,
  ExchangePath,
  QueryStatusesBody,
  QueryStatusLineRequest,
  SubmitQueriesBody,
  SubmitQueryLineRequest,
  WithdrawQueryBody,
} from './query.requests.js';
import { Answers, AnswersLines, HoldersResponse, QueryStateResponse, ResultPageResponse, ResultResponse, SubmittedQueryResponse } from './responses.js';

export const LIST_DEFAULT = 100;

/** Queries of the agency that the token proves; no other agency is named anywhere in a request. */
@Controller()
@Callers('agency')
@UseInterceptors(AfterTheLog)
@ApiTags('queries')
export class QueriesController {
  constructor(
    private readonly submission: QuerySubmission,
    private readonly queries: Queries,
  ) {}

  @Post('queries')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Submits queries; each is durable when answered',
    description: 'An outcome a line, in order. With `waitMs` the answer waits for outcomes.',
  })
  @AnswersLines(SubmittedQueryResponse)
  submit(@TheCaller() { issuer }: Caller, @Body() { lines, waitMs }: SubmitQueriesBody) {
    return answerLines(SubmitQueryLineRequest, lines, (valid: readonly SubmitQueryLine[]) => this.submission.submit(issuer, valid, waitMs));
  }
  @Post('queries/statuses')
  @HttpCode(200)
  @ApiOperation({ summary: 'Where queries stand' })
  @AnswersLines(QueryStateResponse)
  statuses(@TheCaller() { issuer }: Caller, @Body() { lines }: QueryStatusesBody) {
    return answerLines(QueryStatusLineRequest, lines, (valid) =>
      this.queries.statuses(
        issuer,
        valid.map(({ exchangeId }) => exchangeId),
      ),
    );
  }
  @Get('queries/:exchangeId')
  @ApiOperation({ summary: 'Where one query stands, and while it is open what the network says of it' })
  @Answers(QueryStateResponse)
  query(@TheCaller() { issuer }: Caller, @Param() { exchangeId }: ExchangePath) {
    return this.queries.query(issuer, exchangeId);
  }
  @Post('queries/:exchangeId/withdrawal')
  @HttpCode(200)
  @ApiOperation({ summary: 'Withdraws an open query' })
  @Answers(QueryStateResponse)
  withdraw(@TheCaller() { issuer }: Caller, @Param() { exchangeId }: ExchangePath, @Body() { department }: WithdrawQueryBody) {
    return this.queries.withdraw(issuer, exchangeId, department);
  }
  @Post('holders')
  @HttpCode(200)
  @ApiOperation({ summary: 'Who has it? (通知先の問合せ)' })
  @AnswersLines(HoldersResponse)
  holders(@TheCaller() { issuer }: Caller, @Body() { lines }: AskHoldersBody) {
    return answerLines(AskHoldersLineRequest, lines, (valid) => this.queries.holders(issuer, valid));
  }
}

@Controller('results')
@Callers('agency')
@UseInterceptors(AfterTheLog)
@ApiTags('results')
export class ResultsController {
  constructor(private readonly results: Results) {}

  @Get()
  @ApiOperation({ summary: 'What lies in the mailbox: references only, in the order of arrival' })
  @Answers(ResultPageResponse)
  list(@TheCaller() { issuer }: Caller, @Query() { limit = LIST_DEFAULT, after }: PageQuery) {
    return this.results.list(issuer, limit, after);
  }
  @Get(':exchangeId')
  @ApiOperation({ summary: 'One result with its data' })
  @Answers(ResultResponse)
  get(@TheCaller() { issuer }: Caller, @Param() { exchangeId }: ExchangePath) {
    return this.results.get(issuer, exchangeId);
  }
  @Post('acknowledgements')
  @HttpCode(200)
  @ApiOperation({ summary: 'Acknowledges results: their data is deleted from the mailbox' })
  @AnswersLines(true)
  acknowledge(@TheCaller() { issuer }: Caller, @Body() { lines }: AcknowledgeResultsBody) {
    return answerLines(AcknowledgeResultLineRequest, lines, (valid) =>
      this.results.acknowledge(
        issuer,
        valid.map(({ exchangeId }) => exchangeId),
      ),
    );
  }
}
