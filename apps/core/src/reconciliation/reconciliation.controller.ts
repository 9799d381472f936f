import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Callers } from '#libs/platform';
import { type FoundExchange, ReconciliationFindings } from './reconciliation-findings.js';

/** Exchanges whose three records do not agree, with the evidence: for operators. */
@Controller('reconciliation')
@Callers('operator')
@ApiTags('records')
export class ReconciliationController {
  constructor(private readonly findings: ReconciliationFindings) {}

  @Get('findings')
  list(): { readonly found: readonly FoundExchange[]; readonly dropped: number } {
    return this.findings.list();
  }
}
