import picocolors from 'picocolors';
import { barProgress, plainProgress, type Progress, type ProgressOptions } from './progress.js';
import { type Table, tableLines } from './table.js';
import { type Mark, type TimelineDress, type TimelineEntry, timelineLines } from './timeline.js';
import { widthOf, wrap } from './width.js';

export type Style = Pick<ReturnType<typeof picocolors.createColors>, 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan'>;

/** Where text goes: standard output, or a test's own. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}
type Environment = Readonly<Record<string, string | undefined>>;

const COLUMNS_WITHOUT_TERMINAL = 100;
const COLUMNS_MAX = 120;
const COLUMNS_MIN = 50;

/** Colours where somebody looks: not in a file or pipe, not under NO_COLOR (no-color.org) or TERM=dumb; FORCE_COLOR asks for them anyway. */
export function wantsColours(sink: Sink, environment: Environment): boolean {
  if (environment['NO_COLOR']) return false;
  if (environment['FORCE_COLOR']) return environment['FORCE_COLOR'] !== '0';
  return sink.isTTY === true && environment['TERM'] !== 'dumb';
}

const isStream = (sink: Sink): sink is NodeJS.WriteStream => sink.isTTY === true && 'cursorTo' in sink;

/** Writes for people: lines, tables, timelines, progress; in the width of whoever looks, with colours only where they are wanted. */
export class Terminal {
  readonly style: Style;

  constructor(
    private readonly sink: Sink,
    private readonly environment: Environment = {},
  ) {
    this.style = picocolors.createColors(wantsColours(sink, environment));
  }

  /** Columns to write in; asked anew each time, for windows change. */
  get columns(): number {
    const given = this.sink.columns ?? (Number(this.environment['COLUMNS']) || COLUMNS_WITHOUT_TERMINAL);
    return Math.min(COLUMNS_MAX, Math.max(COLUMNS_MIN, given));
  }
  /** True where somebody looks and things may be drawn in place. */
  get isInteractive(): boolean {
    return isStream(this.sink) && this.environment['TERM'] !== 'dumb';
  }

  line(text = ''): void {
    this.sink.write(`${text}\n`);
  }

  /** A plain text in as many lines as it needs. */
  paragraph(text: string, { indent = 0, dress = (line: string) => line }: { readonly indent?: number; readonly dress?: (line: string) => string } = {}): void {
    for (const line of wrap(text, this.columns - indent)) this.line(`${' '.repeat(indent)}${dress(line)}`);
  }

  /** A heading with a rule to the edge. */
  heading(text: string): void {
    const rule = '─'.repeat(Math.max(3, this.columns - widthOf(text) - 4));
    this.line(`${this.style.cyan('──')} ${this.style.bold(text)} ${this.style.cyan(rule)}`);
  }

  table(table: Table, { indent = 2 }: { readonly indent?: number } = {}): void {
    for (const line of tableLines(table, this.columns - indent, this.style.dim)) this.line(`${' '.repeat(indent)}${line}`);
  }

  timeline(entries: readonly TimelineEntry[]): void {
    for (const line of timelineLines(entries, this.columns, this.#dress())) this.line(line);
  }

  progress(label: string, total: number, options?: ProgressOptions): Progress {
    if (this.isInteractive && isStream(this.sink)) return barProgress(this.sink, label, total, options);
    return plainProgress((line) => this.line(line), label, total, options);
  }

  #dress(): TimelineDress {
    const { style } = this;
    const colours: Readonly<Record<Mark, (text: string) => string>> = {
      done: style.green,
      refused: style.yellow,
      waiting: style.blue,
      failed: style.red,
      note: style.dim,
    };
    return {
      mark: (mark, sign) => colours[mark](sign),
      title: (mark, text) => (mark === 'failed' ? style.red(text) : text),
      faint: style.dim,
    };
  }
}
