import cliProgress from 'cli-progress';
import { grouped } from './grouped.js';
import { padEnd } from './width.js';

/** Told how far long work is. */
export interface Progress {
  /** Units done in all. */
  update(done: number): void;
  /** Ends it; what is printed after stands below. */
  stop(): void;
}

export interface ProgressOptions {
  /** Units that were done before: work that is taken up again. */
  readonly from?: number;
  /** Also tells units a second, and the time that is left at this rate. */
  readonly rate?: boolean;
}

const LABEL_COLUMNS = 34;
const REDRAWS_PER_S = 12;
/** Shares of the work at which plain lines are printed. */
const PLAIN_STEPS = 4;

/** `1:05`, `2:00:09`: minutes and seconds, hours where there are any. */
export function clockOf(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (part: number): string => String(part).padStart(2, '0');
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor((whole % 3_600) / 60);
  return hours === 0 ? `${minutes}:${two(whole % 60)}` : `${hours}:${two(minutes)}:${two(whole % 60)}`;
}

/** What `rate` adds: `12,345/s  0:42`. Nothing before the first unit is done. */
function rateTold(options: ProgressOptions): (done: number, total: number) => string {
  const startedMs = performance.now();
  const from = options.from ?? 0;
  return (done, total) => {
    const seconds = (performance.now() - startedMs) / 1_000;
    if (options.rate !== true || done <= from || seconds <= 0) return '';
    const rate = (done - from) / seconds;
    return `  ${grouped(Math.round(rate))}/s  ${clockOf((total - done) / rate)}`;
  };
}

/** A bar that is drawn in place. */
export function barProgress(stream: NodeJS.WriteStream, label: string, total: number, options: ProgressOptions = {}): Progress {
  const rate = rateTold(options);
  const bar = new cliProgress.SingleBar({
    stream,
    fps: REDRAWS_PER_S,
    clearOnComplete: false,
    hideCursor: true,
    gracefulExit: false, // signals are the application's
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    format: (barOptions, { progress, value, total: all }) =>
      `  ${padEnd(label, LABEL_COLUMNS)} ${cliProgress.Format.BarFormat(progress, barOptions)} ${grouped(value)} / ${grouped(all)}${rate(value, all)}`,
  });
  bar.start(total, options.from ?? 0);
  return {
    update: (done) => bar.update(done),
    stop: () => bar.stop(),
  };
}

/** The same where nothing can be drawn in place: a line a quarter of the work. */
export function plainProgress(print: (line: string) => void, label: string, total: number, options: ProgressOptions = {}): Progress {
  const rate = rateTold(options);
  let told = -1;
  return {
    update(done) {
      const step = total === 0 ? PLAIN_STEPS : Math.floor((done * PLAIN_STEPS) / total);
      if (step <= told) return;
      told = step;
      print(`  ${padEnd(label, LABEL_COLUMNS)} ${grouped(done)} / ${grouped(total)}${rate(done, total)}`);
    },
    stop: () => undefined,
  };
}
