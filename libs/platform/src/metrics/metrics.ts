import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The metrics of one app, in a registry of its own: several apps run in one process (the sandbox). Labels are public codes
 * or route templates, never an id.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly requestSeconds: Histogram<'method' | 'route' | 'status'>;
  readonly refusals: Counter<'code'>;

  constructor(app: string, inFlight: () => number) {
    this.registry.setDefaultLabels({ app });
    // includes the event loop's lag
    collectDefaultMetrics({ register: this.registry });
    this.requestSeconds = new Histogram({
      name: 'renkei_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the end of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers: [this.registry],
    });
    this.refusals = new Counter({
      name: 'renkei_http_problems_total',
      help: 'Answers that were problems, by code',
      labelNames: ['code'],
      registers: [this.registry],
    });
    new Gauge({
      name: 'renkei_http_requests_in_flight',
      help: 'Requests that have begun and not ended',
      registers: [this.registry],
      collect() {
        this.set(inFlight());
      },
    });
  }
}
