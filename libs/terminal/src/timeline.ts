import { padEnd, widthOf, wrap } from './width.js';

/** How an entry came out: as it should, refused by rule, waiting, as it should not, or just told. */
export type Mark = 'done' | 'refused' | 'waiting' | 'failed' | 'note';

export interface TimelineEntry {
  readonly mark: Mark;
  /** Short, e.g. `09:00:04`; left out where the entry has no time of its own. */
  readonly time?: string;
  readonly title: string;
  /** Told below the title, each on lines of its own. */
  readonly details?: readonly string[];
}

/** How the parts of a timeline are dressed. */
export interface TimelineDress {
  readonly mark: (mark: Mark, sign: string) => string;
  readonly title: (mark: Mark, text: string) => string;
  readonly faint: (text: string) => string;
}

const SIGNS: Readonly<Record<Mark, string>> = { done: '●', refused: '■', waiting: '◆', failed: '✗', note: '·' };
const INDENT = '  ';
const WIDTH_MIN = 40;

/** Lines of a timeline: a sign, the time and a title an entry, its details beneath along a rail. */
export function timelineLines(entries: readonly TimelineEntry[], columns: number, dress: TimelineDress): string[] {
  const timeWidth = Math.max(0, ...entries.map(({ time }) => (time === undefined ? 0 : widthOf(time) + 2)));
  const room = Math.max(WIDTH_MIN, columns) - INDENT.length - 2 - timeWidth;
  return entries.flatMap(({ mark, time, title, details = [] }, index) => {
    const rail = dress.faint(index === entries.length - 1 ? ' ' : '│');
    const blank = `${INDENT}${rail} ${' '.repeat(timeWidth)}`;
    const [first = '', ...rest] = wrap(title, room);
    const start = `${INDENT}${dress.mark(mark, SIGNS[mark])} ${dress.faint(padEnd(time ?? '', timeWidth))}`;
    return [
      `${start}${dress.title(mark, first)}`,
      ...rest.map((line) => `${blank}${dress.title(mark, line)}`),
      ...details.flatMap((detail) => wrap(detail, room).map((line) => `${blank}${dress.faint(line)}`)),
    ].map((line) => line.trimEnd());
  });
}
