import { lineChart, type LineSeries } from '#libs/charts';
import type { Measured } from './scale.step.js';

/** What `npm run bench -- scale` keeps. */
export interface ScaleResult {
  readonly command: string;
  /** Exchanges of the seed's 46.4 + 104 weeks: not reached, but told from the last step. */
  readonly extrapolatedTo: number;
  readonly machine: string;
  readonly steps: readonly ({ readonly exchanges: number } & Measured)[];
}

const WIDTH = 960;
const HEIGHT = 420;

/** Three pictures of the same history lengths. */
export function scalePictures({ steps, command, machine }: ScaleResult): Readonly<Record<string, string>> {
  const line = (name: string, key: string): LineSeries => ({
    name,
    points: steps.flatMap((step) => (step[key] === undefined ? [] : [[step.exchanges, step[key]] as const])),
  });
  const frame = { source: `${command} · ${machine}`, width: WIDTH, height: HEIGHT };
  const x = { name: 'exchanges in the record of the core', scale: 'log' } as const;
  return {
    'scale-speed.svg': lineChart({
      ...frame,
      title: 'Speed over the length of history',
      description:
        'Whole exchanges at the core, rows of views built again, decisions replayed and events counted a second, over the number of exchanges recorded.',
      x,
      y: { name: 'a second', scale: 'log' },
      series: [
        line('exchanges at the core', 'exchangesPerSecond'),
        line('view rows rebuilt, 1 thread', 'rebuildRowsPerSecond1'),
        line('view rows rebuilt, 2 threads', 'rebuildRowsPerSecond2'),
        line('decisions replayed, 1 thread', 'replayDecisionsPerSecond1'),
        line('decisions replayed, 2 threads', 'replayDecisionsPerSecond2'),
        line('events counted, 1 thread', 'countingEventsPerSecond1'),
        line('events counted, 2 threads', 'countingEventsPerSecond2'),
      ].filter(({ points }) => points.length > 0),
    }),
    'scale-latency.svg': lineChart({
      ...frame,
      title: 'Latency of one decision over the length of history',
      description: 'Median and 99th percentile of single decisions at the core, 100 a second, over the number of exchanges recorded.',
      x,
      y: { name: 'milliseconds' },
      series: [line('p50', 'p50Ms'), line('p99', 'p99Ms')],
    }),
    'scale-size.svg': lineChart({
      ...frame,
      title: 'Memory and disk over the length of history',
      description: 'Anonymous memory of the core in MiB, and bytes an exchange of its record, its log and its views, over the number of exchanges recorded.',
      x,
      y: { name: 'MiB; bytes an exchange' },
      series: [
        line('RssAnon of the core, MiB', 'rssAnonMiB'),
        line('RssAnon of replay and counting at most, MiB', 'readPeakRssAnonMiB'),
        line('record, bytes an exchange', 'recordBytesAnExchange'),
        line('log, bytes an exchange', 'logBytesAnExchange'),
        line('views, bytes an exchange', 'viewsBytesAnExchange'),
      ],
    }),
  };
}
