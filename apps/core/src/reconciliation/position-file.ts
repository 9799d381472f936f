import { readFile, rename, writeFile } from 'node:fs/promises';

/**
 * How far the records were reconciled, in a file of its own. It may lag behind: what lies between is then done again, which
 * changes nothing. Without it, or where it cannot be read, everything is.
 */
export class PositionFile {
  #written = -1n;

  constructor(private readonly path: string) {}

  async read(): Promise<bigint> {
    try {
      const { position } = JSON.parse(await readFile(this.path, 'utf8')) as { readonly position?: unknown };
      return typeof position === 'string' && /^\d{1,18}$/.test(position) ? BigInt(position) : 0n;
    } catch {
      return 0n;
    }
  }

  async write(position: bigint): Promise<void> {
    if (position === this.#written) return;
    await writeFile(`${this.path}.new`, `${JSON.stringify({ position: String(position) })}\n`, { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
    this.#written = position;
  }
}
