import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock } from '#libs/platform';
import { EntriesController, LedgerController } from './http/ledger.controllers.js';
import { type LoggedParty, LedgerService } from './ledger.service.js';

/** The routes under `/ledger`, for the app of any party: import it beside the app's own. */
@Module({})
export class LedgerModule {
  /** `clock`: the business clock, for the record of readings. */
  static of(party: LoggedParty, clock: Clock): DynamicModule {
    return {
      module: LedgerModule,
      controllers: [EntriesController, LedgerController],
      providers: [{ provide: LedgerService, useFactory: () => new LedgerService(party, clock) }],
    };
  }
}
