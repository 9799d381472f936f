import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ReadModels } from '#libs/read-models';
import { ReadModelMetrics } from './read-model-metrics.js';
import { RebuildsController } from './rebuilds.controller.js';
import { StaleAnswers } from './stale-answers.interceptor.js';

/** Rebuilds for operators, metrics, and the mark of stale answers: import it beside an app's own. */
@Module({})
export class ReadModelsModule {
  static of(models: ReadModels): DynamicModule {
    return {
      module: ReadModelsModule,
      controllers: [RebuildsController],
      providers: [{ provide: ReadModels, useValue: models }, ReadModelMetrics, { provide: APP_INTERCEPTOR, useClass: StaleAnswers }],
    };
  }
}
