import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PostgresLocation } from '../models-location.js';
import type { Projection } from '../projection.js';
import type { WorkerPlaces } from '../thread/worker-messages.js';
import { schemaOf } from './schema.js';

const child = fileURLToPath(new URL('./fold.child.js', import.meta.url));
const UNTIL_EVERY_MS = 50;

/** Waits until it is so; bounded by the test's own time. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(UNTIL_EVERY_MS);
}

/** Processes that fold one party's store. */
export class Projectors {
  readonly running = new Set<ChildProcess>();
  readonly alarms: string[] = [];

  constructor(private readonly places: WorkerPlaces) {}

  /** Resolves when it has begun. */
  async start(): Promise<ChildProcess> {
    const process_ = spawn(process.execPath, [child, JSON.stringify(this.places)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.running.add(process_);
    await new Promise<void>((resolve, reject) => {
      process_.stdout.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString('utf8').split('\n')) {
          if (line === 'begun') resolve();
          else if (line !== '') this.alarms.push(line.replace('alarm ', ''));
        }
      });
      process_.once('exit', () => reject(new Error('a projector has ended before it began')));
    });
    return process_;
  }

  async kill(process_: ChildProcess): Promise<void> {
    const exited = new Promise((resolve) => process_.once('exit', resolve));
    process_.kill('SIGKILL');
    this.running.delete(process_);
    await exited;
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.running].map((process_) => this.kill(process_)));
  }

  of(pid: number): ChildProcess | undefined {
    return [...this.running].find((process_) => process_.pid === pid);
  }
}

/** A commit that moved a checkpoint, or began a generation; in the order of commits. */
export interface Commit {
  readonly schema: string;
  readonly before: string;
  readonly after: string;
  readonly generation: string;
  /** Of the process that wrote it. */
  readonly pid: number;
}

/** What the database itself saw being written: triggers, in the same transactions. */
export class Witness {
  constructor(
    private readonly query: <R extends object>(text: string) => Promise<R[]>,
    private readonly location: PostgresLocation,
    private readonly projections: readonly Projection[],
  ) {}

  /** Once the schemas are there. */
  async begin(): Promise<void> {
    await this.query('create table public.commits (id bigserial, schema text, before bigint, after bigint, generation bigint, pid int)');
    await this.query('create table public.inserts (schema text, name text, key text)');
    await this.query(`create function public.moved() returns trigger language plpgsql as $$ begin
      insert into public.commits (schema, before, after, generation, pid) values
        (tg_table_schema, old.position, new.position, new.generation, split_part(current_setting('application_name'), ' ', 3)::int);
      return null; end $$`);
    await this.query(`create function public.added() returns trigger language plpgsql as $$ begin
      insert into public.inserts values (tg_table_schema, tg_table_name, to_jsonb(new) ->> tg_argv[0]); return null; end $$`);
    for (const projection of this.projections) {
      const schema = schemaOf(this.location, projection);
      await this.query(`create trigger moved after update on "${schema}".checkpoint for each row execute function public.moved()`);
      for (const { table } of projection.folds)
        await this.query(`create trigger added after insert on "${schema}"."${table.name}" for each row execute function public.added('${table.key}')`);
    }
  }

  commits(): Promise<Commit[]> {
    return this.query<Commit>(
      'select schema, before::text as before, after::text as after, generation::text as generation, pid from public.commits order by id',
    );
  }

  /** Rows that were inserted more than once. */
  repeated(): Promise<object[]> {
    return this.query('select schema, name, key from public.inserts group by schema, name, key having count(*) > 1');
  }

  /** Process that owns each projection, by schema. */
  async owners(): Promise<ReadonlyMap<string, number>> {
    const held = await this.query<{ key: string; pid: number }>(`select (l.classid::bigint << 32 | l.objid::bigint)::text as key,
      split_part(a.application_name, ' ', 3)::int as pid from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' and l.granted and a.datname = current_database()`);
    return new Map(held.map(({ key, pid }) => [key, pid]));
  }

  async checkpoints(): Promise<readonly string[]> {
    const rows = await Promise.all(
      this.projections.map((projection) =>
        this.query<{ position: string }>(`select position::text as position from "${schemaOf(this.location, projection)}".checkpoint`),
      ),
    );
    return rows.map(([row]) => row?.position ?? '');
  }
}
