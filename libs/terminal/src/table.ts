import CliTable from 'cli-table3';
import { widthOf, wrap } from './width.js';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns by index that stand flush right: numbers. */
  readonly right?: readonly number[];
}

const GAP = '  ';
const COLUMN_MIN = 6;

/** Widths that fit in so many columns: what is too wide gives way, the widest first. */
function fitted(natural: readonly number[], columns: number): number[] {
  const widths = [...natural];
  const room = columns - GAP.length * (natural.length - 1);
  for (;;) {
    const excess = widths.reduce((sum, width) => sum + width, 0) - room;
    const widest = Math.max(...widths);
    if (excess <= 0 || widest <= COLUMN_MIN) return widths;
    const index = widths.indexOf(widest);
    const next = Math.max(COLUMN_MIN, ...widths.filter((_, other) => other !== index));
    widths[index] = Math.max(widest - excess, next < widest ? next : widest - 1);
  }
}

const plainChars = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
);

/** Lines of a table without borders, cells broken where they have to be; `heading` dresses its first line. Cells are plain text. */
export function tableLines({ head, rows, right = [] }: Table, columns: number, heading: (text: string) => string): string[] {
  const natural = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].flatMap((cell) => cell.split('\n').map(widthOf)), 1),
  );
  const widths = fitted(natural, columns);
  const table = new CliTable({
    chars: { ...plainChars, middle: GAP },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
  });
  const broken = (row: readonly string[]): string[] => head.map((_, column) => wrap(row[column] ?? '', widths[column] ?? COLUMN_MIN).join('\n'));
  const heads = broken(head);
  const headLines = Math.max(...heads.map((cell) => cell.split('\n').length));
  table.push(heads, ...rows.map(broken));
  const lines = table.toString().split('\n');
  return lines.map((line, index) => (index < headLines ? heading(line.trimEnd()) : line.trimEnd()));
}
