import type { Terminal } from '#libs/terminal';

/** Verifier keys under their label, each on a line of its own and never broken: they are copied from here. */
export function printKeys(out: Terminal, label: string, keys: readonly (string | undefined)[]): void {
  const told = keys.filter((key) => key !== undefined);
  if (told.length === 0) return;
  out.line(`  ${out.style.dim(label)}`);
  for (const key of told) out.line(`    ${key}`);
}
