import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, Callers, TheCaller } from '#libs/platform';
import type { DisclosedExchange, ExchangeCount, ExchangeRecord, Page } from '#libs/read-models';
import { CoreRecords } from '../records/core-records.js';
import { DisclosureRequest, RecordSearchRequest, StatisticsRequest } from '../records/record.lines.js';

/** A person's own view, for the disclosure portal's server. */
@Controller('disclosures')
@Callers('server')
@ApiTags('records')
export class DisclosuresController {
  constructor(private readonly records: CoreRecords) {}

  @Post()
  @HttpCode(200)
  disclose(@TheCaller() { issuer }: Caller, @Body() request: DisclosureRequest): Promise<Page<DisclosedExchange>> {
    return this.records.disclose(issuer, request);
  }
}

/** The central record and its figures, for operators and auditors. */
@Controller()
@Callers('operator')
@ApiTags('records')
export class RecordsController {
  constructor(private readonly records: CoreRecords) {}

  @Post('records/search')
  @HttpCode(200)
  search(@Body() request: RecordSearchRequest): Promise<Page<ExchangeRecord>> {
    return this.records.search(request);
  }
  @Post('statistics')
  @HttpCode(200)
  statistics(@Body() request: StatisticsRequest): Promise<Page<ExchangeCount>> {
    return this.records.statistics(request);
  }
}
