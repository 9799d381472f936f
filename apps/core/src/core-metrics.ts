import { Injectable } from '@nestjs/common';
import { Metrics } from '#libs/platform';
import { Gauge } from 'prom-client';
import { CoreParts } from './core-parts.js';
import { Notices } from './notifier/notices.js';
import { Notifier } from './notifier/notifier.js';

/** How the core's driving of exchanges goes: numbers only. */
@Injectable()
export class CoreMetrics {
  constructor(metrics: Metrics, notifier: Notifier, notices: Notices, { known }: CoreParts) {
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name,
        help,
        registers: [metrics.registry],
        collect() {
          this.set(value());
        },
      });
    };
    if (known !== undefined)
      gauge('renkei_witnessed_contradictions', 'Contradictions found in logs that the core cosigns, of which the evidence is kept', () => known.contradictions);
    gauge('renkei_core_exchanges_driven', 'Permitted exchanges without an end that are kept in memory', () => notifier.openCount);
    gauge('renkei_core_demands_waiting', 'Demands that wait for their interface system', () => notifier.waitingCount);
    gauge('renkei_core_lanes_paused', 'Interface systems that did not take demands last time', () => notifier.pausedLanes);
    gauge('renkei_core_demands_taken_total', 'Demands that an interface system took', () => notifier.counts.demanded);
    gauge('renkei_core_demands_refused_total', 'Demands that an interface system refused', () => notifier.counts.refused);
    gauge('renkei_core_demand_batches_failed_total', 'Batches of demands that were not answered', () => notifier.counts.failed);
    gauge('renkei_core_lapsed_total', 'Exchanges that lapsed unanswered', () => notifier.counts.lapsed);
    gauge('renkei_core_notices_waiting', 'Notices of withdrawals and identifier changes under way', () => notices.openCount);
    gauge('renkei_core_notices_given_up_total', 'Notices that were given up', () => notices.counts.givenUp);
  }
}
