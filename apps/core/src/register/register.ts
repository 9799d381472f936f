import {
  type Agency,
  agencyDecider,
  type AgencyEvent,
  type AgencyStanding,
  type LogEvent,
  type MatrixEvent,
  MatrixHistory,
  type OpeningEvent,
  type RegisteredServer,
  type Server,
  serverDecider,
  type ServerEvent,
  witnessDecider,
  type WitnessedLog,
} from '#libs/domain';
import { fold, type Message, type RecordedEvent } from '#libs/kernel';

/** What a stream of the register has come to, and the revision of its last event. */
export interface Entry<State> {
  readonly state: State;
  readonly revision: number;
}
export interface ServerRecord extends Entry<RegisteredServer> {
  /** The signing key before the current one, and until when (wall clock, ms) it still verifies tokens. */
  readonly retiring?: { readonly keyId: string; readonly untilMs: number };
}
/** One stream as stored, oldest first; `position` of its events puts the law in order. */
export interface RegisterStream {
  readonly stream: string;
  readonly events: readonly RecordedEvent[];
}

/** How long the key that a server rotated away still verifies: its tokens in flight, and its own restart. */
export const KEY_RETIRES_AFTER_MS = 600_000;

export const agencyStream = (code: string): string => `agency-${code}`;
export const serverStream = (id: string): string => `server-${id}`;
/** The log of a server that the core cosigns: `WitnessConfigured`. */
export const witnessStream = (server: string): string => `ledger-witness.${server}`;
export const matrixStream = (version: string): string => `matrix-${version}`;
export const openingStream = (agencyClass: string): string => `opening-${agencyClass}`;
export const REGISTER_CATEGORIES = ['agency', 'server', 'matrix', 'opening'] as const;
export type RegisterCategory = (typeof REGISTER_CATEGORIES)[number];
export const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));

/**
 * Agencies, servers and the law, folded and held in memory: bounded by nature (some 5,400 agencies). Read by every
 * decision; kept current by whoever appends to these streams, which is this process alone. Never older than what was
 * appended: a stream's whole history is folded again with each change, and an older one is ignored.
 */
export class Register {
  readonly #agencies = new Map<string, Entry<AgencyStanding>>();
  readonly #servers = new Map<string, ServerRecord>();
  readonly #witnessed = new Map<string, Entry<WitnessedLog>>();
  readonly #law = new Map<string, number>();
  readonly #institutions = new Map<string, Set<string>>();
  #history = MatrixHistory.empty;
  #version = 0;

  /** Grows with each event of the register, also over restarts. */
  get version(): number {
    return this.#version;
  }
  get law(): MatrixHistory {
    return this.#history;
  }

  agency(code: string): Entry<AgencyStanding> | undefined {
    return this.#agencies.get(code);
  }
  server(id: string): ServerRecord | undefined {
    return this.#servers.get(id);
  }
  /** The log of a server as the core accepts it when it cosigns; undefined where it has shown none yet. */
  witnessedLog(server: string): WitnessedLog | undefined {
    return this.#witnessed.get(server)?.state;
  }
  /** The servers with records of their own that an interface system speaks for: those behind it. */
  serversBehind(interfaceSystem: string): ReadonlySet<string> {
    const servers = new Set<string>();
    for (const { state } of this.#agencies.values()) {
      if (state.interfaceSystem === interfaceSystem && state.intermediateServer !== undefined) servers.add(state.intermediateServer);
    }
    return servers;
  }
  agencies(): IterableIterator<Entry<AgencyStanding>> {
    return this.#agencies.values();
  }
  servers(): IterableIterator<ServerRecord> {
    return this.#servers.values();
  }
  /** Codes of the institutions that ask and answer through a holder. */
  institutionsOf(holder: string): readonly string[] {
    return [...(this.#institutions.get(holder) ?? [])];
  }
  /** The interface system that speaks for a code holder. */
  interfaceSystemOf(code: string): string | undefined {
    return this.#agencies.get(code)?.state.interfaceSystem;
  }

  takeAgency(events: readonly RecordedEvent[]): void {
    const state: Agency = fold(agencyDecider, asEvents<AgencyEvent>(events));
    if (state.status === 'none') return;
    const before = this.#agencies.get(state.code);
    const revision = events.length - 1;
    if (before && before.revision >= revision) return;
    this.#agencies.set(state.code, { state, revision });
    this.#version += revision - (before?.revision ?? -1);
    this.#redelegate(state, before?.state.delegatedTo);
  }

  takeServer(events: readonly RecordedEvent[]): void {
    const state: Server = fold(serverDecider, asEvents<ServerEvent>(events));
    if (state.status === 'none') return;
    const before = this.#servers.get(state.registration.id);
    const revision = events.length - 1;
    if (before && before.revision >= revision) return;
    const retiring = retiringKey(events);
    this.#servers.set(state.registration.id, { state, revision, ...(retiring === undefined ? {} : { retiring }) });
    this.#version += revision - (before?.revision ?? -1);
  }

  takeWitnessed(events: readonly RecordedEvent[]): void {
    const [first] = asEvents<LogEvent>(events);
    if (first?.type !== 'WitnessConfigured') return;
    const { server } = first.data;
    const before = this.#witnessed.get(server);
    const revision = events.length - 1;
    if (before && before.revision >= revision) return;
    this.#witnessed.set(server, { state: fold(witnessDecider, asEvents<LogEvent>(events)), revision });
    this.#version += revision - (before?.revision ?? -1);
  }

  /** Events of `matrix-` and `opening-` streams that follow those taken before, in store order. */
  takeLaw(events: readonly RecordedEvent[]): void {
    const news = events.filter(({ stream, revision }) => revision > (this.#law.get(stream) ?? -1));
    if (news.length === 0) return;
    this.#history = this.#history.with(asEvents<MatrixEvent | OpeningEvent>(news));
    for (const { stream, revision } of news) this.#law.set(stream, revision);
    this.#version += news.length;
  }

  #redelegate(state: AgencyStanding, before: string | undefined): void {
    if (before === state.delegatedTo) return;
    if (before !== undefined) this.#institutions.get(before)?.delete(state.code);
    if (state.delegatedTo === undefined) return;
    const institutions = this.#institutions.get(state.delegatedTo) ?? new Set();
    this.#institutions.set(state.delegatedTo, institutions.add(state.code));
  }
}

const asEvents = <E extends Message>(events: readonly RecordedEvent[]): readonly E[] => events as unknown as readonly E[];

function retiringKey(events: readonly RecordedEvent[]): { keyId: string; untilMs: number } | undefined {
  let current: string | undefined;
  let retiring: { keyId: string; untilMs: number } | undefined;
  for (const event of events as readonly (RecordedEvent & ServerEvent)[]) {
    if (event.type === 'ServerRegistered') current = event.data.signingKeyId;
    else if (event.type === 'ServerKeyRotated' && event.data.purpose === 'signing') {
      retiring = current === undefined ? undefined : { keyId: current, untilMs: Date.parse(event.recordedAt) + KEY_RETIRES_AFTER_MS };
      current = event.data.keyId;
    }
  }
  return retiring;
}
