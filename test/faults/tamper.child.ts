// Checks data directories one after another, and shows what is in a file, for the test that started it: a damaged file may
// make it die, and that is for the test to see.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import Database from 'libsql';
import { verifyData } from '../../apps/cli/src/verify/verify-data.js';
import { LmdbEventStore } from '#libs/event-store';
import { readLedger } from '#libs/ledger';

export interface Order {
  readonly data: string;
  /** None: all of the directory. */
  readonly parties: readonly string[];
  readonly full: boolean;
  /** Of this file the content is shown. */
  readonly file?: string;
}
export interface Answer {
  readonly codes?: readonly string[];
  /** A digest of all that the file says. */
  readonly content?: string;
  readonly failed?: string;
}

const PAGE = 10_000;
const digest = (...parts: readonly string[]): string => hash('sha256', parts.join('\n'), 'hex');

/** Everything that a reader of the file could be told, whatever bytes nobody reads. */
export async function contentOf(file: string): Promise<string> {
  if (file.endsWith('events.mdb')) return storeContent(dirname(file));
  if (file.endsWith('ledger.mdb')) return ledgerContent(dirname(file));
  if (file.endsWith('.sqlite')) return modelContent(file);
  if (basename(file) === 'known-logs.json') return digest(JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
  throw new Error(`no way to show ${basename(file)}`);
}

async function storeContent(directory: string): Promise<string> {
  const store = await LmdbEventStore.open(directory, { readOnly: true });
  try {
    const parts: string[] = [];
    const streams = new Set<string>();
    for (let after = 0n, atEnd = false; !atEnd;) {
      const page = await store.readAll({ after, limit: PAGE });
      for (const { position, stream, revision, id, type, bytes } of page.events) {
        streams.add(stream);
        parts.push([position, stream, revision, id, type, hash('sha256', bytes, 'hex')].join(' '));
      }
      ({ next: after, atEnd } = page);
    }
    for (const stream of streams)
      for (const { position, revision, bytes } of await store.readStream(stream))
        parts.push([stream, position, revision, hash('sha256', bytes, 'hex')].join(' '));
    return digest(...parts, String(await store.lastPosition()), String(await store.revisions([...streams])));
  } finally {
    await store.close();
  }
}

async function ledgerContent(directory: string): Promise<string> {
  const ledger = await readLedger({ directory });
  try {
    const { origin, checkpoint, cosigned, witnessed } = ledger;
    const tiles: string[] = [];
    for (let level = 0, width = checkpoint.size; width > 0; level += 1, width = Math.floor(width / 256))
      for (let index = 0; index * 256 < width; index += 1) tiles.push(Buffer.from(ledger.tile(level, index) ?? []).toString('hex'));
    const kept = ledger.checkpoints(-1, PAGE).map(({ note, position }) => `${note} ${position}`);
    return digest(
      origin,
      checkpoint.note,
      String(checkpoint.position),
      cosigned?.note ?? '',
      JSON.stringify([...witnessed.sizes]),
      ...tiles,
      ...kept,
      String(ledger.positionsOf(0, checkpoint.size)),
    );
  } finally {
    await ledger.close();
  }
}

function modelContent(file: string): string {
  const database = new Database(file);
  try {
    const tables = database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all() as { readonly name: string; readonly sql: string }[];
    const parts = tables.map(({ name, sql }) => `${name} ${sql}`);
    const shown = (value: unknown): unknown => (typeof value === 'object' && value !== null ? Buffer.from(value as ArrayBuffer).toString('hex') : value);
    for (const { name, sql } of tables) {
      if (!sql?.startsWith('CREATE TABLE')) continue;
      const rows = database.prepare(`SELECT * FROM "${name}"`).all() as Record<string, unknown>[];
      parts.push(...rows.map((row) => JSON.stringify(Object.values(row).map(shown))));
    }
    return digest(...parts);
  } finally {
    database.close();
  }
}

async function answer({ data, parties: wanted, full, file }: Order): Promise<Answer> {
  if (file !== undefined) return { content: await contentOf(file) };
  const { parties, findings } = await verifyData({ data, parties: wanted, full, threads: 0 });
  return { codes: [...parties.flatMap((party) => party.findings), ...findings].map(({ code, party }) => `${party} ${code}`) };
}

process.on('message', (order: Order) => {
  answer(order).then(
    (told) => process.send?.(told),
    (error: unknown) => process.send?.({ failed: (error as Error).message } satisfies Answer),
  );
});
process.on('disconnect', () => process.exit(0));
