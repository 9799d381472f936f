import { padEnd, type Terminal, widthOf, wrap } from '#libs/terminal';

/** A label and what there is to say; undefined leaves the line out. */
export type Fact = readonly [label: string, value: string | undefined];

/** Facts one below the other, labels in a column, long values broken under themselves. */
export function printFacts(out: Terminal, facts: readonly Fact[], indent = 2): void {
  const told = facts.flatMap(([label, value]) => (value === undefined || value === '' ? [] : [{ label, value }]));
  const width = Math.max(0, ...told.map(({ label }) => widthOf(label))) + 2;
  for (const { label, value } of told) {
    for (const [index, line] of wrap(value, out.columns - indent - width).entries()) {
      out.line(`${' '.repeat(indent)}${out.style.dim(padEnd(index === 0 ? label : '', width))}${line}`.trimEnd());
    }
  }
}
