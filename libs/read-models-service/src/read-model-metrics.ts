import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Health, Metrics } from '#libs/platform';
import { type ProjectionLag, ReadModels, type RebuildState } from '#libs/read-models';

const UNDER_WAY: ReadonlySet<RebuildState['stage']> = new Set(['waiting', 'building', 'comparing', 'indexing', 'catching-up']);

/** How a party's read models stand, and its warnings at /health/ready. Numbers and codes only. */
@Injectable()
export class ReadModelMetrics {
  constructor({ registry }: Metrics, health: Health, models: ReadModels) {
    health.warn(() => [
      ...(models.stale().length > 0 ? ['READ_MODEL_STALE'] : []),
      ...models.rebuilds().flatMap(({ stage }) => (stage === 'failed' ? ['REBUILD_FAILED'] : stage === 'differs' ? ['REBUILD_DIFFERS'] : [])),
    ]);
    const ofLag = (gauge: Gauge<'projection'>, value: (lag: ProjectionLag) => number): Promise<void> =>
      models.lag().then(
        (lags) => {
          for (const lag of lags) gauge.set({ projection: lag.projection }, value(lag));
        },
        () => gauge.reset(), // the models are down: their readiness check tells so
      );
    new Gauge({
      name: 'renkei_read_model_behind',
      help: 'Positions of the record that a projection has not folded yet',
      labelNames: ['projection'],
      registers: [registry],
      async collect() {
        await ofLag(this, ({ storePosition, checkpoint }) => Number(storePosition - checkpoint));
      },
    });
    new Gauge({
      name: 'renkei_read_model_stale',
      help: "1 where an older version's rows answer, until this version's view is built",
      labelNames: ['projection'],
      registers: [registry],
      async collect() {
        await ofLag(this, ({ stale }) => (stale === undefined ? 0 : 1));
      },
    });
    const gauge = (name: string, help: string, value: (state: RebuildState) => number): Gauge<'projection'> =>
      new Gauge({
        name,
        help,
        labelNames: ['projection'],
        registers: [registry],
        collect() {
          for (const state of models.rebuilds()) this.set({ projection: state.projection }, value(state));
        },
      });
    gauge('renkei_rebuild_under_way', 'Rebuilds that have begun and not ended', ({ stage }) => (UNDER_WAY.has(stage) ? 1 : 0));
    gauge('renkei_rebuild_unfinished', 'Rebuilds that failed, or came out other than the view of the same version', ({ stage }) =>
      stage === 'failed' || stage === 'differs' ? 1 : 0,
    );
    gauge('renkei_rebuild_events_per_second', 'Events that a rebuild folds', ({ stage, eventsPerSecond }) => (UNDER_WAY.has(stage) ? eventsPerSecond : 0));
  }
}
