import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { provisionCommands, queryCommands, Recorder, replicaCommands, subjectCommands } from '#libs/commands';
import { FeedReader } from '#libs/feed';
import { LedgerModule } from '#libs/ledger-service';
import { ReadModelsModule } from '#libs/read-models-service';
import { AgencyFeed } from './feed/agency-feed.js';
import { FeedWaiters } from './feed/feed-waiters.js';
import { Hosting } from './hosting/hosting.js';
import { QueriesController, ResultsController } from './http/agency.controllers.js';
import { FeedController } from './http/feed.controller.js';
import { HeldProvisionsController, IdentifiersController, RecordsController, ReplicasController } from './http/holding.controllers.js';
import { AfterTheLog } from './http/after-the-log.js';
import { ServerController } from './http/server.controller.js';
import { IntermediateServerService } from './intermediate-server.service.js';
import { Demands } from './provision/demands.js';
import { HeldProvisions } from './provision/held-provisions.js';
import { OutgoingProvisions } from './provision/outgoing-provisions.js';
import { ProvisionAnswers } from './provision/provision-answers.js';
import { DecisionOutbox } from './query/decision-outbox.js';
import { OutcomeWaiters } from './query/outcome-waiters.js';
import { Queries } from './query/queries.js';
import { QueryEndings } from './query/query-endings.js';
import { QuerySubmission } from './query/query-submission.js';
import { Withdrawals } from './query/withdrawals.js';
import { OpenQueriesSweep } from './reactors/open-queries-sweep.js';
import { Reactors } from './reactors/reactors.js';
import { AgencyRecords } from './record/agency-records.js';
import { Recording } from './record/recording.js';
import { ToldRecords } from './record/told-records.js';
import { PersonReplicas } from './replica/person-replicas.js';
import { ReplicaRegister } from './replica/replica-register.js';
import { ProvisionReceipt } from './result/provision-receipt.js';
import { Results } from './result/results.js';
import { ServerParts } from './server-parts.js';
import { Identifiers } from './subject/identifiers.js';
import { Subjects } from './subject/subjects.js';

const HANDLERS = [queryCommands, provisionCommands, replicaCommands, subjectCommands].map(({ Handler }) => Handler);
const SUBJECTS_OF_THE_SERVER = [
  Hosting,
  Recording,
  Subjects,
  Identifiers,
  QueryEndings,
  OutcomeWaiters,
  Withdrawals,
  DecisionOutbox,
  QuerySubmission,
  Queries,
  ProvisionReceipt,
  Results,
  PersonReplicas,
  ReplicaRegister,
  ProvisionAnswers,
  OutgoingProvisions,
  Demands,
  HeldProvisions,
  AgencyRecords,
  ToldRecords,
  FeedWaiters,
  AgencyFeed,
  OpenQueriesSweep,
  Reactors,
  AfterTheLog,
  IntermediateServerService,
];

@Module({})
export class IntermediateServerModule {
  static of(parts: ServerParts, feed: FeedReader): DynamicModule {
    const { store, recorder, log, ledger } = parts.party;
    return {
      module: IntermediateServerModule,
      imports: [
        CqrsModule.forRoot(),
        ReadModelsModule.of(parts.models),
        ...(ledger === undefined ? [] : [LedgerModule.of({ store, recorder, log, ledger }, parts.clock)]),
      ],
      controllers: [
        QueriesController,
        ResultsController,
        ReplicasController,
        HeldProvisionsController,
        IdentifiersController,
        RecordsController,
        FeedController,
        ServerController,
      ],
      providers: [
        { provide: ServerParts, useValue: parts },
        { provide: Recorder, useValue: recorder },
        { provide: FeedReader, useValue: feed },
        ...HANDLERS,
        ...SUBJECTS_OF_THE_SERVER,
      ],
    };
  }
}
