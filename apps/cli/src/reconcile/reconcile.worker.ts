import { parentPort, workerData } from 'node:worker_threads';
import { reconcile, type Reconciliation, type Role } from '#libs/domain';
import { type EventStore, openStore, type StoredEvent } from '#libs/event-store';
import { eachExchange } from './matching.js';
import { PartitionWriter, readPartition } from './partition-files.js';
import { FLAG, isOfExchange, Rows, RowWriter } from './rows.js';
import { type Seen, type WholeExchange, WholeRecords } from './whole-records.js';
import { type Counts, type FromWorker, type Matched, PIECE_EVENTS, type ReconciledExchange, type ToWorker, type WorkerTask } from './worker-messages.js';
import { eventText } from './event-text.js';

/** Small pages die young: a tenth of the time less than with pages of 10,000. */
const PAGE_EVENTS = 1_000;
const WHOLE_AT_ONCE = 200;

const port = parentPort;
if (!port) throw new Error('this module is the body of a worker thread');
const tell = (message: FromWorker): void => port.postMessage(message);
const task = workerData as WorkerTask;

class Reconciler {
  readonly #stores: readonly EventStore[];
  readonly #writers: readonly RowWriter[];
  readonly #files = new PartitionWriter(task.directory, task.writer, task.partitions);
  readonly #hosts = new Map<string, string[]>();
  readonly #ids = task.stores.map(({ id }) => id);
  #newestAt = '';
  #unreadable = 0;

  constructor(stores: readonly EventStore[]) {
    this.#stores = stores;
    this.#writers = task.stores.map((_, store) => new RowWriter({ store, agency: task.agency }));
  }

  static async open(): Promise<Reconciler> {
    return new Reconciler(await Promise.all(task.stores.map(({ location }) => openStore(location, { readOnly: true }))));
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }

  /** Rows of events of exchanges at positions (after, last], as far as one piece of work goes. */
  async scan(store: number, after: number, last: number): Promise<FromWorker> {
    const source = this.#stores[store];
    const writer = this.#writers[store];
    if (!source || !writer) throw new RangeError('no such store');
    let position = BigInt(after);
    let read = 0;
    for (let end = false; !end && position < last && read < PIECE_EVENTS;) {
      const { events, next, atEnd } = await source.readAll({ after: position, limit: PAGE_EVENTS });
      for (const event of events) {
        if (event.position > last) break;
        if (isOfExchange(event.stream)) this.#take(event, writer);
        else if (store === task.core && event.type === 'AgencyHosted') this.#host(event);
        read += 1;
      }
      position = next;
      end = atEnd;
    }
    return { from: 'scan', events: read, next: read < PIECE_EVENTS ? last : Math.min(last, Number(position)) };
  }

  flush(): FromWorker {
    this.#files.flush();
    return { from: 'flush', newestAt: this.#newestAt, hosts: this.#hosts, unreadable: this.#unreadable };
  }

  async match({ partition, asOf, patienceMs, hosts, findingsMax }: Extract<ToWorker, { to: 'match' }>): Promise<FromWorker> {
    const rows = new Rows(readPartition(task.directory, partition, task.writers));
    const tally = new Tally(findingsMax);
    const unlike: Seen[] = [];
    eachExchange(rows, (group, rowsOfIt) => {
      if (!isAskedFor(rows, group.facts)) return;
      const outcome = group.matched();
      if (outcome === undefined) unlike.push(seenIn(rows, rowsOfIt()));
      else tally.count(outcome, 'matched');
    });
    const whole = new WholeRecords(this.#stores, this.#ids, task.core, hosts);
    for (let from = 0; from < unlike.length; from += WHOLE_AT_ONCE) {
      for (const { records, ...exchange } of await whole.read(unlike.slice(from, from + WHOLE_AT_ONCE))) {
        tally.add(exchange, reconcile(records, { now: asOf, patienceMs }));
      }
    }
    return tally.told();
  }

  #take(event: StoredEvent, writer: RowWriter): void {
    const at = writer.write(event);
    if (at === undefined) {
      this.#unreadable += 1;
      return;
    }
    if (at > this.#newestAt) this.#newestAt = at;
    this.#files.add(writer.row);
  }

  #host({ stream, bytes }: StoredEvent): void {
    const { intermediateServer } = (JSON.parse(eventText(bytes)) as { data: { intermediateServer: string } }).data;
    const code = stream.slice(stream.indexOf('-') + 1);
    this.#hosts.set(code, [...(this.#hosts.get(code) ?? []), intermediateServer]);
  }
}

/** By period and agency, where a record with the facts of the query is left; without one it is a finding in any period. */
function isAskedFor(rows: Rows, facts: number | undefined): boolean {
  if (facts === undefined) return true;
  const requestedAtMs = rows.requestedAtMs(facts);
  if (task.fromMs !== undefined && requestedAtMs < task.fromMs) return false;
  if (task.toMs !== undefined && requestedAtMs >= task.toMs) return false;
  return rows.has(facts, FLAG.asked);
}

function seenIn(rows: Rows, all: readonly number[]): Seen {
  const stores: Record<Role, number[]> = { requester: [], core: [], provider: [] };
  for (const row of all) {
    const role = rows.role(row);
    const store = rows.store(row);
    if (!stores[role].includes(store)) stores[role].push(store);
  }
  return { exchangeId: rows.exchangeId(all[0] ?? 0), stores };
}

/** Adds up what came of the exchanges of one partition. */
class Tally {
  readonly #counts: Counts = {};
  readonly #found: ReconciledExchange[] = [];
  readonly #codes: Record<string, number> = {};
  readonly #notAtHand: Partial<Record<Role, number>> = {};
  #late = 0;
  #awaitedSince = '';

  constructor(private readonly findingsMax: number) {}

  count(outcome: keyof Counts, status: Reconciliation['status']): void {
    const of = (this.#counts[outcome] ??= {});
    of[status] = (of[status] ?? 0) + 1;
  }

  add(exchange: Omit<WholeExchange, 'records'>, judged: Reconciliation): void {
    const { status, outcome, late, findings, awaited, notAtHand } = judged;
    this.count(outcome, status);
    if (late) this.#late += 1;
    for (const { code } of findings) this.#codes[code] = (this.#codes[code] ?? 0) + 1;
    if (status === 'unmatched') {
      for (const { since } of awaited) if (this.#awaitedSince === '' || since < this.#awaitedSince) this.#awaitedSince = since;
      for (const role of notAtHand) this.#notAtHand[role] = (this.#notAtHand[role] ?? 0) + 1;
    }
    if (status !== 'found' || this.#found.length >= this.findingsMax) return;
    this.#found.push({ ...exchange, outcome, findings });
  }

  told(): Matched {
    return {
      from: 'match',
      counts: this.#counts,
      late: this.#late,
      awaitedSince: this.#awaitedSince,
      notAtHand: this.#notAtHand,
      found: this.#found,
      codes: this.#codes,
    };
  }
}

function done(reconciler: Reconciler, message: ToWorker): Promise<FromWorker | undefined> | FromWorker {
  switch (message.to) {
    case 'scan':
      return reconciler.scan(message.store, message.after, message.last);
    case 'flush':
      return reconciler.flush();
    case 'match':
      return reconciler.match(message);
    case 'close':
      return reconciler.close().then(() => undefined);
  }
}

function failed(error: unknown): void {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  tell({ from: 'failed', code: typeof code === 'string' ? code : 'FAULT', message: typeof message === 'string' ? message : 'unknown fault' });
}

Reconciler.open().then((reconciler) => {
  port.on('message', (message: ToWorker) => {
    Promise.resolve(done(reconciler, message)).then((answer) => (answer === undefined ? port.close() : tell(answer)), failed);
  });
}, failed);
