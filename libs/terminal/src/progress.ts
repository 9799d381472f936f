import { Format, SingleBar } from 'cli-progress';
import { padEnd } from './width.js';

/** Told how far long work is. */
export interface Progress {
  /** Units done in all. */
  update(done: number): void;
  /** Ends it; what is printed after stands below. */
  stop(): void;
}

const LABEL_COLUMNS = 34;
const REDRAWS_PER_S = 12;
/** Shares of the work at which plain lines are printed. */
const PLAIN_STEPS = 4;

/** A bar that is drawn in place. */
export function barProgress(stream: NodeJS.WriteStream, label: string, total: number): Progress {
  const bar = new SingleBar({
    stream,
    fps: REDRAWS_PER_S,
    clearOnComplete: false,
    hideCursor: true,
    gracefulExit: false, // signals are the application's
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    format: (options, { progress, value, total: all }) =>
      `  ${padEnd(label, LABEL_COLUMNS)} ${Format.BarFormat(progress, options)} ${value.toLocaleString('en-US')} / ${all.toLocaleString('en-US')}`,
  });
  bar.start(total, 0);
  return {
    update: (done) => bar.update(done),
    stop: () => bar.stop(),
  };
}

/** The same where nothing can be drawn in place: a line a quarter of the work. */
export function plainProgress(print: (line: string) => void, label: string, total: number): Progress {
  let told = -1;
  return {
    update(done) {
      const step = total === 0 ? PLAIN_STEPS : Math.floor((done * PLAIN_STEPS) / total);
      if (step <= told) return;
      told = step;
      print(`  ${padEnd(label, LABEL_COLUMNS)} ${done.toLocaleString('en-US')} / ${total.toLocaleString('en-US')}`);
    },
    stop: () => undefined,
  };
}
