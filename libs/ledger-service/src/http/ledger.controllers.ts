import { Body, Controller, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, Callers, TheCaller } from '#libs/platform';
import { LedgerService } from '../ledger.service.js';
import { CheckpointQuery, ConsistencyQuery, EntriesPath, InclusionQuery, ReadingRequest, TilePath } from './ledger-routes.js';

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';
/** What a tile holds never changes; shared caches keep nothing that took a token to get. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** The log of this party, for whoever takes part (format.md §9), in the layout of C2SP tlog-tiles. */
@Controller('ledger')
@Callers('server', 'agency', 'operator', 'auditor')
@ApiTags('ledger')
export class LedgerController {
  constructor(private readonly ledger: LedgerService) {}

  @Get('checkpoint')
  @Header('content-type', TEXT)
  @Header('cache-control', 'no-store')
  checkpoint(@Query() { cosigned }: CheckpointQuery): string {
    return this.ledger.checkpoint(cosigned !== undefined);
  }
  @Get('vkey')
  @Header('content-type', TEXT)
  @Header('cache-control', 'no-store')
  verifierKeys(): string {
    return this.ledger.verifierKeys();
  }
  @Get('tile/*')
  @Header('content-type', BYTES)
  @Header('cache-control', FOR_EVER)
  tile(@Param() path: TilePath): Buffer {
    return this.ledger.tile(`tile/${path['*']}`);
  }
  @Get('proof/inclusion')
  inclusion(@Query() { index, size }: InclusionQuery) {
    return this.ledger.inclusion(index, size);
  }
  @Get('proof/consistency')
  consistency(@Query() { from, to }: ConsistencyQuery) {
    return this.ledger.consistency(from, to);
  }
}

/** The entries themselves, for auditors: each reading is on record before the first byte leaves. */
@Controller('ledger')
@Callers('auditor')
@ApiTags('ledger')
export class EntriesController {
  constructor(private readonly ledger: LedgerService) {}

  @Get('tile/entries/*')
  @Header('content-type', BYTES)
  @Header('cache-control', FOR_EVER)
  entries(@TheCaller() { issuer }: Caller, @Param() path: EntriesPath): Promise<Buffer> {
    return this.ledger.entries(issuer, `tile/entries/${path['*']}`);
  }
  /** Puts a reading on record whose bytes are taken from the party's own disk (an export beside the running server). */
  @Post('readings')
  @HttpCode(200)
  reading(@TheCaller() { issuer }: Caller, @Body() { from, to }: ReadingRequest) {
    return this.ledger.recordReading(issuer, from, to);
  }
}
