import { NO_STREAM, type StoredEvent } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import { assembleBundle, type AuditBundle, BUNDLE_ENTRIES_MAX, type BundleLog, type BundleSubject, type EntryToBundle, type LogToBundle } from '#libs/proofs';
import { namesOf, type ReadParty, readLog } from '../parties/open-party.js';
import { CitedLaw } from './cited-law.js';
import { Discloser } from './disclose.js';
import { witnessKeys } from './witness-keys.js';

/** A party that is at hand, and where its record keys lie, as far as they may be used. */
export interface BundledParty extends ReadParty {
  readonly keysDirectory: string | undefined;
}
const CORE = 'core';
const EXCHANGES_A_READ = 500;
const ROUNDS_MAX = 5;

export const isCore = ({ ledger }: ReadParty): boolean => namesOf(ledger.origin).party === CORE;
/** Each party's streams of one exchange. */
const streamsOf = (party: ReadParty, exchange: string): readonly string[] =>
  isCore(party) ? [`exchange-${exchange}`] : [`query-${exchange}`, `provision-${exchange}`];

/** The entries of each party, by position: what several exchanges cite is there once. */
class Collection {
  readonly #events = new Map<ReadParty, Map<bigint, StoredEvent>>();
  #count = 0;

  add(party: ReadParty, events: readonly StoredEvent[]): void {
    const known = this.#events.get(party) ?? new Map<bigint, StoredEvent>();
    this.#events.set(party, known);
    for (const stored of events) {
      if (!known.has(stored.position)) this.#count += 1;
      known.set(stored.position, stored);
    }
    if (this.#count > BUNDLE_ENTRIES_MAX) throw new DomainError('TOO_MANY_EXCHANGES', 'too-large', `more than ${BUNDLE_ENTRIES_MAX} entries`);
  }

  of(party: ReadParty): readonly StoredEvent[] {
    return [...(this.#events.get(party)?.values() ?? [])];
  }
}

export interface CollectOptions {
  readonly about: BundleSubject;
  readonly exchanges: readonly string[];
  readonly parties: readonly BundledParty[];
  /** Opens the protected fields of parties whose keys are at hand. */
  readonly disclose: boolean;
  /** Wall clock, ISO 8601 UTC. */
  readonly madeAt: string;
  /** Exchanges read so far. */
  readonly onRead?: (exchanges: number) => void;
}

/**
 * Reads the records of exchanges at every party at hand, and of the core also what their decisions cite; proves each entry
 * in its party's log, with the cosigned checkpoint before it. Rejects with TOO_MANY_EXCHANGES past a bundle's limits and
 * LEDGER_UNAVAILABLE where a log does not come to hold what its store does.
 */
export async function collectBundle({ about, exchanges, parties, disclose, madeAt, onRead }: CollectOptions): Promise<AuditBundle> {
  const collection = new Collection();
  const law = new CitedLaw();
  for (let from = 0; from < exchanges.length; from += EXCHANGES_A_READ) {
    const batch = exchanges.slice(from, from + EXCHANGES_A_READ);
    for (const { party, events } of await readAtOnce(parties, batch)) {
      if (isCore(party)) for (const stored of events) law.cite(stored);
      collection.add(party, events);
    }
    onRead?.(from + batch.length);
  }
  const core = parties.find(isCore);
  if (core !== undefined) collection.add(core, await law.read(core.store));
  const logs: LogToBundle[] = [];
  for (const party of parties) {
    const events = collection.of(party);
    if (events.length > 0) logs.push(await logOf(party, events, core, disclose));
  }
  return assembleBundle(about, madeAt, logs, disclose);
}

interface PartyRead {
  readonly party: BundledParty;
  readonly streams: readonly string[];
  readonly events: readonly StoredEvent[];
  /** Last revision of each stream. */
  readonly revisions: readonly number[];
}

async function readParty(party: BundledParty, exchanges: readonly string[]): Promise<PartyRead> {
  const streams = exchanges.flatMap((exchange) => streamsOf(party, exchange));
  const histories = await party.store.readStreams(streams);
  return { party, streams, events: histories.flat(), revisions: histories.map((history) => history.at(-1)?.revision ?? NO_STREAM) };
}
const hasMoved = async ({ party, streams, revisions }: PartyRead): Promise<boolean> =>
  (await party.store.revisions(streams)).some((revision, at) => revision !== revisions[at]);

/**
 * The records of these exchanges at all parties as they were at one moment: read again where one has grown meanwhile, for
 * otherwise one record could cite what another was read too early to hold. Under steady traffic the last reading counts.
 */
async function readAtOnce(parties: readonly BundledParty[], exchanges: readonly string[]): Promise<readonly PartyRead[]> {
  for (let round = 1; ; round += 1) {
    const read = await Promise.all(parties.map((party) => readParty(party, exchanges)));
    const moved = await Promise.all(read.map(hasMoved));
    if (!moved.includes(true) || round === ROUNDS_MAX) return read;
  }
}

async function logOf(party: BundledParty, events: readonly StoredEvent[], core: BundledParty | undefined, disclose: boolean): Promise<LogToBundle> {
  const { ledger, store } = party;
  await ledger.integrated(events.reduce((last, { position }) => (position > last ? position : last), 0n));
  const identity = await readLog(store);
  const { cosigned } = ledger; // before the proofs: the checkpoint that they lead to is this one or a later one
  const { proof, places } = ledger.prove(
    events.map(({ position }) => ledger.indexAt(position)),
    cosigned?.size ?? 0,
  );
  const log: BundleLog = {
    party: namesOf(ledger.origin).party,
    origin: ledger.origin,
    keys: identity?.origin === ledger.origin ? identity.keys : [],
    checkpoint: proof.checkpoint,
    ...(cosigned === undefined ? {} : { cosigned: { checkpoint: cosigned.note, consistency: proof.consistency?.hashes ?? [] } }),
    witnesses: cosigned === undefined || core === undefined ? [] : await witnessKeys(core, cosigned.note),
    nodes: proof.nodes,
  };
  const discloser = disclose && party.keysDirectory !== undefined ? await Discloser.open(party.keysDirectory) : undefined;
  try {
    const entries = events.map(({ bytes }, at): EntryToBundle => {
      const { index, path } = places[at] ?? { index: -1, path: [] };
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
      return { index, path, bytes: text, ...(discloser === undefined ? {} : { disclosures: discloser.disclose(text) }) };
    });
    return { log, entries };
  } finally {
    await discloser?.close();
  }
}
