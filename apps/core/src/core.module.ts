import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import {
  acquisitionCommands,
  agencyCommands,
  exchangeCommands,
  holdersCommands,
  identifierCommands,
  matrixCommands,
  openingCommands,
  Recorder,
  serverCommands,
  witnessCommands,
} from '#libs/commands';
import { LedgerModule } from '#libs/ledger-service';
import { Log, Metrics } from '#libs/platform';
import { ReadModels } from '#libs/read-models';
import { ReadModelsModule } from '#libs/read-models-service';
import { CoreMetrics } from './core-metrics.js';
import { CoreParts } from './core-parts.js';
import { CoreService } from './core-service.js';
import { QueryDecisions } from './decisions/decide-queries.js';
import { ExchangeReports } from './exchanges/exchange-reports.js';
import { ExchangeStatuses } from './exchanges/exchange-statuses.js';
import { HolderQuestions } from './holders/holder-questions.js';
import { DirectoryController, ExchangesController, IdentifiersController, LogsController } from './http/core.controllers.js';
import { IdentifierOperationsController, LawController, RegisterController, StandingController } from './http/operator.controllers.js';
import { DisclosuresController, RecordsController } from './http/records.controllers.js';
import { Acquisitions } from './identifiers/acquisitions.js';
import { IdentifierChanges } from './identifiers/identifier-changes.js';
import { IdentifierStandings } from './identifiers/identifier-standings.js';
import { Issuance } from './identifiers/issuance.js';
import { CoreLog } from './log/core-log.js';
import { OwnWitnesses } from './log/own-witnesses.js';
import { WitnessedLogs } from './log/witnessed-logs.js';
import { Demands } from './notifier/demands.js';
import { InterfaceSystems } from './notifier/interface-systems.js';
import { Notices } from './notifier/notices.js';
import { Notifier } from './notifier/notifier.js';
import { OpenExchanges } from './notifier/open-exchange.js';
import { CoreOperations } from './operations/core-operations.js';
import { RegisterWriter } from './operations/register-writer.js';
import { CoreRecords } from './records/core-records.js';
import { ExchangeReconciler } from './reconciliation/exchange-reconciler.js';
import { ReconciliationController } from './reconciliation/reconciliation.controller.js';
import { ReconciliationFindings } from './reconciliation/reconciliation-findings.js';
import { ReconciliationReactor } from './reconciliation/reconciliation-reactor.js';
import { DirectoryView } from './register/directory.js';

/** What is opened before the module, and closed after it. */
export interface Opened {
  readonly parts: CoreParts;
  readonly models: ReadModels;
  readonly openExchanges: OpenExchanges;
  readonly interfaceSystems: InterfaceSystems;
  readonly log: Log;
  /** Where the core keeps how far it has reconciled. */
  readonly reconciledFile: string;
}

const HANDLERS = [
  acquisitionCommands,
  agencyCommands,
  exchangeCommands,
  holdersCommands,
  identifierCommands,
  matrixCommands,
  openingCommands,
  serverCommands,
  witnessCommands,
].map(({ Handler }) => Handler);

/** The core's log over HTTP, where it has one. */
function logRoutes({ party, clock }: CoreParts): readonly DynamicModule[] {
  const { ledger } = party;
  return ledger === undefined ? [] : [LedgerModule.of({ ...party, ledger }, clock)];
}

@Module({})
export class CoreModule {
  static of({ parts, models, openExchanges, interfaceSystems, log, reconciledFile }: Opened): DynamicModule {
    return {
      module: CoreModule,
      imports: [CqrsModule.forRoot(), ReadModelsModule.of(models), ...logRoutes(parts)],
      controllers: [
        ExchangesController,
        IdentifiersController,
        DirectoryController,
        LogsController,
        RegisterController,
        StandingController,
        LawController,
        IdentifierOperationsController,
        DisclosuresController,
        RecordsController,
        ReconciliationController,
      ],
      providers: [
        { provide: CoreParts, useValue: parts },
        { provide: Recorder, useValue: parts.recorder },
        { provide: ReadModels, useValue: models },
        { provide: OpenExchanges, useValue: openExchanges },
        { provide: InterfaceSystems, useValue: interfaceSystems },
        { provide: Log, useValue: log },
        { provide: DirectoryView, useFactory: () => new DirectoryView(parts.register, () => Date.now()) },
        ...HANDLERS,
        IdentifierStandings,
        QueryDecisions,
        ExchangeReports,
        ExchangeStatuses,
        HolderQuestions,
        Acquisitions,
        Issuance,
        IdentifierChanges,
        Demands,
        Notifier,
        Notices,
        CoreLog,
        WitnessedLogs,
        OwnWitnesses,
        RegisterWriter,
        CoreOperations,
        CoreRecords,
        ReconciliationFindings,
        ExchangeReconciler,
        {
          provide: ReconciliationReactor,
          inject: [ExchangeReconciler, ReconciliationFindings, Metrics],
          useFactory: (reconciler: ExchangeReconciler, findings: ReconciliationFindings, metrics: Metrics) =>
            new ReconciliationReactor(parts, reconciler, findings, log, metrics, reconciledFile),
        },
        CoreService,
        CoreMetrics,
      ],
    };
  }
}
