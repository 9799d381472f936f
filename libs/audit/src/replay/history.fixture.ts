import { hash } from 'node:crypto';
import {
  type AgencyClass,
  agencyDecider,
  type AgencyEvent,
  type AgencyStanding,
  type Agency,
  type Basis,
  basisOf,
  exchangeDecider,
  type Identifier,
  identifierDecider,
  type IdentifierEvent,
  judgeParties,
  MatrixHistory,
  type MatrixItem,
  partiesOf,
  type QueryFacts,
  type StateAt,
  verdictOf,
} from '#libs/domain';
import type { EventStore, StoredEvent } from '#libs/event-store';
import { legalDay, legalMonth, type Message, plusMs } from '#libs/kernel';
import { coreEvents, decodeText, type Decision, type LawEvent, type RecordedDecision, textOf } from './recorded.js';
import type { PlacedDecision } from './history-judge.js';
import { Gathering, isFoundation, FoundationBuilder, Foundation } from './foundation.js';

export const CITY_X = '0220113112101700';
export const CITY_A = '0220113113001700';
export const CITY_B = '0220113114801700';
export const SOCIETY = '9900000000000021';
export const AFFAIR = 'JM99000000000074';
export const OTHER_AFFAIR = 'JM99000000000003';
export const HELD_UNDER = 'JM99000000000900';
export const TAX = 'TM00000000000002';
export const RESIDENT = 'TM00000000000001';
export const FIRST_DAY = '2020-04-01';
export const START = '2020-05-08T00:00:00.000Z';
const VALIDITY_MS = 3_600_000;

export const item = (version: string, number: string, affair: string, requester: AgencyClass, information: readonly string[] = [TAX]): MatrixItem => ({
  version,
  item: number,
  affair,
  affairName: '児童手当',
  requesterWords: '市町村長',
  requesters: [{ class: requester, takesPart: true }],
  grants: [
    {
      providerWords: '市町村長',
      information: information.map((code) => ({
        code,
        words: '地方税関係情報',
        holdingAffair: HELD_UNDER,
        providers: [{ class: 'municipality', takesPart: true }],
        certainty: 'verified',
      })),
    },
  ],
  certainty: 'verified',
  source: 'test',
});

export const table = (version: string, effectiveFrom: string, items: readonly MatrixItem[], draft = false): readonly LawEvent[] => [
  ...items.map((data) => ({ type: 'PermissionItemEnacted' as const, data })),
  {
    type: 'PermissionMatrixEnacted',
    data: { version, effectiveFrom, itemCount: items.length, itemsDigest: 'digest', draft, certainty: 'verified', source: 'test' },
  },
];

/** What a core knows at a moment. */
interface Knowledge {
  readonly agencies: ReadonlyMap<string, StateAt<AgencyStanding>>;
  readonly law: MatrixHistory;
  readonly identifiers: ReadonlyMap<string, StateAt<Identifier>>;
}
export interface Asked extends Partial<QueryFacts> {
  /** Who the query is about. */
  readonly person?: string;
  /** The identifier that was sent is not of this system. */
  readonly forged?: true;
  /** Generation of the identifier that was sent; the one that stands where it is left out. */
  readonly generation?: number;
}

export const identifierStream = (holder: string, person: string): string => `identifier-${hash('sha256', `${holder} ${person}`).slice(0, 32)}`;
export const keyOf = (instant: string): string => `record/core/${legalMonth(instant)}`;
const sealed = (key: string): { key: string; commitment: string; sealed: string } => ({ key, commitment: 'A'.repeat(43), sealed: 'c2VhbGVk' });

/** The record of a core, made by the domain's own deciders: agencies, law, identifiers and decisions. */
export class HistoryFixture {
  readonly stored: StoredEvent[] = [];
  readonly #revisions = new Map<string, number>();
  readonly #agencies = new Map<string, StateAt<AgencyStanding>>();
  readonly #identifiers = new Map<string, StateAt<Identifier>>();
  #law = MatrixHistory.empty;
  #exchanges = 0;
  now = START;

  /** A record with two cities and a society, a table of two items in force and open, and assessments published. */
  static inForce(): HistoryFixture {
    const history = new HistoryFixture();
    for (const code of [CITY_X, CITY_A, CITY_B]) history.register(code, 'municipality');
    history.register(SOCIETY, 'health-insurance-society');
    history.law('matrix-2020-04-01', ...table('2020-04-01', FIRST_DAY, standardItems('2020-04-01')));
    for (const name of ['municipality', 'health-insurance-society'] as const) history.open(name, ['74', '3']);
    return history;
  }

  /** Records events in one stream, one append. */
  record(stream: string, ...messages: readonly Message[]): void {
    for (const message of messages) {
      const revision = (this.#revisions.get(stream) ?? -1) + 1;
      const position = this.stored.length + 1;
      const id = `00000000-0000-7000-8000-${position.toString(16).padStart(12, '0')}`;
      const envelope = { id, stream, revision, recordedAt: this.now, at: this.now, actor: 'system', correlationId: stream, causationId: stream };
      const bytes = Buffer.from(coreEvents.encode(envelope, message));
      this.stored.push({ stream, revision, position: BigInt(position), id, type: message.type, bytes });
      this.#revisions.set(stream, revision);
    }
  }

  register(code: string, name: AgencyClass): void {
    this.agency(code, {
      type: 'AgencyRegistered',
      data: {
        code,
        name: code,
        class: name,
        institution: true,
        codeHolder: true,
        welfareOffice: true,
        healthCentre: false,
        placeholder: true,
        official: false,
        role: 'participant',
      },
    });
    this.agency(code, { type: 'AssessmentPublished', data: { affairs: [AFFAIR, OTHER_AFFAIR, HELD_UNDER] } });
  }
  agency(code: string, event: AgencyEvent): void {
    const before: Agency = this.#agencies.get(code)?.state ?? agencyDecider.initialState;
    const state = agencyDecider.evolve(before, event);
    this.record(`agency-${code}`, event);
    if (state.status === 'registered') this.#agencies.set(code, { state, revision: this.#revisions.get(`agency-${code}`) as number });
  }
  law(stream: string, ...events: readonly LawEvent[]): void {
    this.record(stream, ...events);
    this.#law = this.#law.with(events);
  }
  open(name: AgencyClass, items: readonly string[], from = FIRST_DAY): void {
    this.law(`opening-${name}`, { type: 'OperationOpened', data: { class: name, items, from, stage: 'full', certainty: 'verified', source: 'test' } });
  }
  identifier(holder: string, person: string, event: IdentifierEvent): void {
    const stream = identifierStream(holder, person);
    const before = this.#identifiers.get(stream)?.state ?? identifierDecider.initialState;
    this.record(stream, event);
    this.#identifiers.set(stream, { state: identifierDecider.evolve(before, event), revision: this.#revisions.get(stream) as number });
  }
  issue(holder: string, person: string): void {
    this.identifier(holder, person, {
      type: 'IdentifierIssued',
      data: { holder, epoch: 1, generation: 1, identifier: sealed(`holder/${holder}`), acquisition: 'a' },
    });
  }
  later(ms: number): void {
    this.now = plusMs(this.now, ms);
  }
  destroyKey(key: string): void {
    this.record('ledger-retention', { type: 'RecordKeyDestroyed', data: { key } });
  }

  /** What is known now: a decision made on it later is made on a stale basis. */
  knowledge(): Knowledge {
    return { agencies: new Map(this.#agencies), law: this.#law, identifiers: new Map(this.#identifiers) };
  }

  /** Decides as a core does, and records; `change` forges what is recorded. Returns the exchange's id. */
  ask(asked: Asked = {}, { knowing = this.knowledge(), change = (events: readonly Message[]) => events }: AskOptions = {}): string {
    this.#exchanges += 1;
    const id = `10000000-0000-7000-8000-${this.#exchanges.toString(16).padStart(12, '0')}`;
    this.record(`exchange-${id}`, ...change(this.#decide(asked, knowing)));
    return id;
  }

  #decide({ person = 'person', forged, generation, ...facts }: Asked, { agencies, law, identifiers }: Knowledge): readonly Message[] {
    const query: QueryFacts = {
      requester: CITY_X,
      provider: CITY_A,
      affair: AFFAIR,
      information: TAX,
      department: 'welfare',
      nonDisclosure: false,
      requestedAt: this.now,
      ...facts,
    };
    const parties = partiesOf({ agency: (code) => agencies.get(code) }, query);
    const day = legalDay(this.now);
    let legality = judgeParties(law, parties, query, day);
    const basis: { -readonly [K in keyof Basis]: Basis[K] } = basisOf(law, parties, query, legality);
    const standing = (holder: string): { stream: string; revision: number; state: Identifier } => {
      const stream = identifierStream(holder, person);
      const found = identifiers.get(stream);
      return { stream, revision: found?.revision ?? -1, state: found?.state ?? identifierDecider.initialState };
    };
    let provider: ReturnType<typeof standing> | undefined;
    if (legality.permitted) {
      const own = standing(query.requester);
      if (forged !== true) basis.requesterIdentifier = { stream: own.stream, revision: own.revision };
      const isValid = forged !== true && own.state.status === 'held' && (generation === undefined || generation === own.state.generation);
      if (isValid) {
        provider = standing(query.provider);
        basis.providerIdentifier = { stream: provider.stream, revision: provider.revision };
      } else legality = judgeParties(law, parties, query, day, false);
    }
    const key = keyOf(this.now);
    return exchangeDecider.decide(
      {
        type: 'DecideQuery',
        data: {
          query,
          queryDigest: `digest-${this.#exchanges}`,
          queryLeaf: 'A'.repeat(43),
          requesterSubject: sealed(key) as never,
          verdict: verdictOf(legality),
          validUntil: plusMs(this.now, VALIDITY_MS),
          basis,
          ...(provider?.state.status === 'held' ? { providerSubject: sealed(key) as never } : {}),
        },
      },
      exchangeDecider.initialState,
    );
  }

  /** The foundation of all that is recorded. */
  foundation(): Foundation {
    const gathering = new Gathering();
    for (const { type, stream, bytes, position } of this.stored) if (isFoundation(type, stream)) gathering.take(textOf(bytes), Number(position));
    const builder = new FoundationBuilder();
    builder.add(gathering.result());
    return new Foundation(builder.data());
  }

  decisions(): readonly PlacedDecision[] {
    return this.stored.flatMap(({ type, stream, bytes, position }, index) => {
      if (type !== 'QueryPermitted' && type !== 'QueryDenied') return [];
      const event = decodeText<Decision>(textOf(bytes)) as RecordedDecision;
      const following = this.stored[index + 1];
      return [{ event, position: Number(position), impossible: following?.stream === stream && following.type === 'NotificationImpossible' }];
    });
  }

  /** Writes all of it into a store, each stream's neighbours in one append. */
  async into(store: EventStore): Promise<void> {
    for (let at = 0; at < this.stored.length;) {
      const { stream, revision } = this.stored[at] as StoredEvent;
      let end = at + 1;
      while (this.stored[end]?.stream === stream) end += 1;
      await store.append({ stream, expectedRevision: revision - 1, events: this.stored.slice(at, end) });
      at = end;
    }
  }
}
interface AskOptions {
  readonly knowing?: Knowledge;
  readonly change?: (events: readonly Message[]) => readonly Message[];
}

export const standardItems = (version: string): readonly MatrixItem[] => [
  item(version, '74', AFFAIR, 'municipality'),
  item(version, '3', OTHER_AFFAIR, 'health-insurance-society'),
];
