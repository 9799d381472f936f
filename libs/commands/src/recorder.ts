import { type EventIds, type ProtectedFields, type RecordKeys } from '#libs/cryptography';
import { type Appended, type AppendRequest, type EventStore, NO_STREAM, type Position, START, type StoredEvent } from '#libs/event-store';
import {
  type ClearField,
  type Decider,
  DomainError,
  EVENT_BYTES_MAX,
  type EventRegistry,
  fold,
  isSealed,
  type Message,
  type Protected,
  type RecordedEvent,
  type SealedField,
} from '#libs/kernel';
import { leafHash } from '#libs/ledger';
import { RecentHistories } from './recent-histories.js';
import type { Stored, StoredPlace } from './stored.js';

/** How often a decision is made again when its stream moved on meanwhile. */
export const CONFLICT_RETRIES_MAX = 5;

/** Who, when and why: goes into the envelope of every event that follows from one command. */
export interface RecordContext {
  /** Business instant, ISO 8601 UTC. */
  readonly at: string;
  readonly actor: string;
  /** Whose record it is, on a server that serves many. */
  readonly agency?: string;
  readonly correlationId: string;
  readonly causationId: string;
  /** Key that seals the protected fields of these events (format.md §2). */
  readonly keyId: string;
}

export interface Execution<Command> {
  readonly stream: string;
  readonly command: Command;
  readonly context: RecordContext;
  /** The stream is expected not to exist: it is read only if that proves wrong. */
  readonly isNew?: boolean;
  /** The stream as it was read a moment ago: it is read again only if it has moved on since. */
  readonly known?: readonly Stored[];
}

export interface Executed<E extends Message = Message> {
  /** The whole stream, oldest first, as stored: answers are built from it and from nothing else (format.md §3). */
  readonly history: readonly Stored<E>[];
  /** How many events, at the end of `history`, this execution added; 0: nothing happened, it had been done before. */
  readonly added: number;
  /** Position of the last event that this execution added. */
  readonly position?: Position;
}
export type Outcome<E extends Message> = PromiseSettledResult<Executed<E>>;

interface Draft<E extends Message> {
  readonly index: number;
  readonly history: readonly Stored<E>[];
  readonly events: readonly E[];
}
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
/** What the envelopes of one append's events share. */
interface Recording {
  readonly stream: string;
  readonly context: RecordContext;
  readonly recordedAt: string;
  readonly ids: readonly string[];
  readonly firstRevision: number;
}
/** Most events are read for their data only: the leaf is hashed when it is asked for. */
class StoredBytes<E extends Message> implements Stored<E> {
  #leaf: string | undefined;
  constructor(
    readonly event: RecordedEvent<E>,
    readonly bytes: Uint8Array,
    public place: StoredPlace | undefined,
  ) {}
  get leaf(): string {
    return (this.#leaf ??= leafHash(this.bytes).toString('base64url'));
  }
}
const givenHistory = ({ isNew, known }: Execution<unknown>): readonly Stored[] | undefined => (isNew === true ? [] : known);
const rejected = (reason: unknown): PromiseRejectedResult => ({ status: 'rejected', reason });
const isConflict = (error: unknown): boolean => error instanceof DomainError && error.code === 'WRONG_EXPECTED_REVISION';

/**
 * Load, fold, decide, append: a batch of commands, each on a stream of its own with an outcome of its own. Resolves when
 * what was decided is durable. A decision that met a stream which had moved on is made again on the new state.
 */
export class Recorder {
  readonly #decoder = new TextDecoder();
  readonly #recent = new RecentHistories();
  #newest: Position = START;

  constructor(
    private readonly store: EventStore,
    private readonly registry: EventRegistry,
    private readonly keys: RecordKeys,
    private readonly fields: ProtectedFields,
    private readonly ids: EventIds,
    private readonly wallClock: () => string,
  ) {}

  async execute<State, Command extends Message, E extends Message>(
    decider: Decider<State, Command, E>,
    executions: readonly Execution<Command>[],
  ): Promise<readonly Outcome<E>[]> {
    const outcomes = new Array<Outcome<E>>(executions.length);
    let pending = executions.map((_, index) => index);
    for (let round = 0; pending.length > 0; round += 1) {
      if (round > CONFLICT_RETRIES_MAX) {
        const busy = new DomainError('CONTENTION', 'busy', 'the record kept changing meanwhile: send it again');
        for (const index of pending) outcomes[index] = rejected(busy);
        break;
      }
      pending = await this.#round(decider, executions, pending, round, outcomes);
    }
    return outcomes;
  }

  /** Position of the newest event that this recorder has appended or read in a stream; START where it has done neither. */
  get newest(): Position {
    return this.#newest;
  }

  #saw(position: Position): void {
    if (position > this.#newest) this.#newest = position;
  }

  /** The whole of many streams, decoded; a missing one is empty. */
  async load<E extends Message>(streams: readonly string[]): Promise<readonly (readonly Stored<E>[])[]> {
    const recent = streams.map((stream) => this.#recent.get(stream) as readonly Stored<E>[] | undefined);
    const others = streams.filter((_, index) => recent[index] === undefined);
    const found = others.length === 0 ? [] : await this.store.readStreams(others);
    // what is read may be told: an append may be readable a moment before whoever made it is told so
    for (const stream of found) this.#saw(stream.at(-1)?.position ?? START);
    let next = 0;
    return recent.map((history) => history ?? (found[next++] as readonly StoredEvent[]).map((stored) => this.decode<E>(stored)));
  }

  decode<E extends Message>({ bytes, position }: Pick<StoredEvent, 'bytes' | 'position'>): Stored<E> {
    return new StoredBytes(this.registry.decode<E>(this.#decoder.decode(bytes)), bytes, { position, back: 0 });
  }

  /** One pass over the pending executions; returns those that met a conflict. */
  async #round<State, Command extends Message, E extends Message>(
    decider: Decider<State, Command, E>,
    executions: readonly Execution<Command>[],
    pending: readonly number[],
    round: number,
    outcomes: Outcome<E>[],
  ): Promise<number[]> {
    const histories = await this.#histories<Command, E>(executions, pending, round);
    const drafts: Draft<E>[] = [];
    for (const [at, index] of pending.entries()) {
      const { command } = executions[index] as Execution<Command>;
      const history = histories[at] as readonly Stored<E>[];
      try {
        const state =
          history.length === 0
            ? decider.initialState
            : fold(
                decider,
                history.map(({ event }) => event as unknown as E),
              );
        const events = decider.decide(command, state);
        if (events.length === 0) outcomes[index] = { status: 'fulfilled', value: { history, added: 0 } };
        else drafts.push({ index, history, events });
      } catch (error) {
        outcomes[index] = rejected(error);
      }
    }
    return drafts.length === 0 ? [] : this.#append(executions, drafts, outcomes);
  }

  async #histories<Command, E extends Message>(
    executions: readonly Execution<Command>[],
    pending: readonly number[],
    round: number,
  ): Promise<readonly (readonly Stored<E>[])[]> {
    const given = pending.map((index) => (round > 0 ? undefined : givenHistory(executions[index] as Execution<Command>)));
    const streams = pending.filter((_, at) => given[at] === undefined).map((index) => (executions[index] as Execution<Command>).stream);
    const loaded = streams.length === 0 ? [] : await this.load<E>(streams);
    let next = 0;
    return given.map((history) => (history ?? loaded[next++]) as readonly Stored<E>[]);
  }

  async #append<Command, E extends Message>(
    executions: readonly Execution<Command>[],
    decided: readonly Draft<E>[],
    outcomes: Outcome<E>[],
  ): Promise<number[]> {
    const drafts = await this.#withKeys(executions, decided, outcomes);
    const sealed = this.#seal(executions, drafts);
    const ids = this.ids.next(drafts.reduce((count, { events }) => count + events.length, 0));
    const recordedAt = this.wallClock();
    let used = 0;
    const requests: AppendRequest[] = [];
    const written: { draft: Draft<E>; added: readonly StoredBytes<E>[] }[] = [];
    for (const [at, draft] of drafts.entries()) {
      const { stream, context } = executions[draft.index] as Execution<Command>;
      const events = sealed[at] as readonly E[];
      const fresh = ids.slice(used, (used += events.length));
      try {
        const added = this.#encode({ stream, context, recordedAt, ids: fresh, firstRevision: draft.history.length }, events);
        requests.push({
          stream,
          expectedRevision: draft.history.length - 1 < 0 ? NO_STREAM : draft.history.length - 1,
          events: added.map(({ event, bytes }) => ({ id: event.id, type: event.type, bytes })),
        });
        written.push({ draft, added });
      } catch (error) {
        outcomes[draft.index] = rejected(error);
      }
    }
    const appended = await this.store.appendMany(requests);
    const conflicts: number[] = [];
    for (const [at, result] of appended.entries()) {
      const { draft, added } = written[at] as { draft: Draft<E>; added: readonly StoredBytes<E>[] };
      const { stream } = executions[draft.index] as Execution<Command>;
      if (result.status === 'rejected') {
        this.#recent.forget(stream);
        if (isConflict(result.reason)) conflicts.push(draft.index);
        else outcomes[draft.index] = result;
        continue;
      }
      const value = recorded(draft, added, result.value);
      this.#saw(result.value.position);
      this.#recent.remember(stream, value.history);
      outcomes[draft.index] = { status: 'fulfilled', value };
    }
    return conflicts;
  }

  /** Makes the keys that the drafts need durable; a draft whose key was destroyed is refused alone. */
  async #withKeys<Command, E extends Message>(
    executions: readonly Execution<Command>[],
    drafts: readonly Draft<E>[],
    outcomes: Outcome<E>[],
  ): Promise<readonly Draft<E>[]> {
    const keyOf = ({ index }: Draft<E>): string => (executions[index] as Execution<Command>).context.keyId;
    const keyIds = new Set<string>();
    for (const draft of drafts) if (draft.events.some((event) => this.#holdsClear(event))) keyIds.add(keyOf(draft));
    if (keyIds.size === 0) return drafts;
    await this.keys.ensure([...keyIds]);
    const destroyed = new Set([...keyIds].filter((keyId) => this.keys.get(keyId) === 'destroyed'));
    if (destroyed.size === 0) return drafts;
    const erased = new DomainError(
      'RECORD_KEY_DESTROYED',
      'unprocessable',
      'the record of this person or month was erased: nothing more can be recorded under it',
    );
    const isRefused = (draft: Draft<E>): boolean => destroyed.has(keyOf(draft)) && draft.events.some((event) => this.#holdsClear(event));
    for (const draft of drafts) if (isRefused(draft)) outcomes[draft.index] = rejected(erased);
    return drafts.filter((draft) => !isRefused(draft));
  }

  /** Seals every protected field of the drafts at once: one pass of the cipher a key. */
  #seal<Command, E extends Message>(executions: readonly Execution<Command>[], drafts: readonly Draft<E>[]): readonly (readonly E[])[] {
    const clear: { keyId: string; value: string }[] = [];
    const places: { data: Record<string, unknown>; name: string }[] = [];
    const copies = drafts.map(({ index, events }) => {
      const { keyId } = (executions[index] as Execution<Command>).context;
      return events.map((event) => {
        if (!this.#holdsClear(event)) return event;
        const data = { ...(event.data as Record<string, Protected | undefined>) };
        for (const name of this.registry.get(event.type).protectedFields) {
          const field = data[name];
          if (field === undefined || isSealed(field)) continue;
          clear.push({ keyId, value: (field satisfies ClearField).value });
          places.push({ data, name });
        }
        return { type: event.type, data } as Message as E;
      });
    });
    if (clear.length === 0) return copies;
    const sealed = this.fields.protectAll(clear);
    for (const [at, { data, name }] of places.entries()) data[name] = sealed[at] as SealedField;
    return copies;
  }

  #holdsClear(event: Message): boolean {
    const data = event.data as Record<string, Protected | undefined>;
    for (const name of this.registry.get(event.type).protectedFields) {
      const field = data[name];
      if (field !== undefined && !isSealed(field)) return true;
    }
    return false;
  }

  #encode<E extends Message>({ stream, context, recordedAt, ids, firstRevision }: Recording, events: readonly E[]): readonly StoredBytes<E>[] {
    const { at, actor, agency, correlationId, causationId } = context;
    return events.map((message, offset) => {
      const id = ids[offset] as string;
      const revision = firstRevision + offset;
      const v = this.registry.get(message.type).version;
      // written out, not spread: this is done for every event
      const event: Writable<RecordedEvent> = {
        id,
        stream,
        revision,
        recordedAt,
        at,
        actor,
        correlationId,
        causationId,
        type: message.type,
        data: message.data,
        v,
      };
      if (agency !== undefined) event.agency = agency;
      const bytes = Buffer.from(this.registry.encode(event, message), 'utf8');
      if (bytes.length > EVENT_BYTES_MAX) {
        throw new DomainError('EVENT_TOO_LARGE', 'too-large', `one record may hold ${EVENT_BYTES_MAX} bytes at most: send less`);
      }
      return new StoredBytes(event as RecordedEvent<E>, bytes, undefined);
    });
  }
}

function recorded<E extends Message>(draft: Draft<E>, added: readonly StoredBytes<E>[], { position }: Appended): Executed<E> {
  let back = added.length;
  for (const stored of added) stored.place = { position, back: (back -= 1) };
  return { history: draft.history.length === 0 ? added : [...draft.history, ...added], added: added.length, position };
}
