import { join } from 'node:path';
import { coreEvents } from '#apps/core';
import { serverEvents } from '#apps/intermediate-server';
import { type Execution, openParty, type Party, type Stored } from '#libs/commands';
import { FileKeyVault, HmacSha256, IdentifierCipher } from '#libs/cryptography';
import { type AgencyEvent, agencyDecider, type AgencyStanding, MatrixHistory, type MatrixEvent, type OpeningEvent, type StateAt } from '#libs/domain';
import { START } from '#libs/event-store';
import { type Decider, type EventRegistry, fold, type Message, type RecordedEvent } from '#libs/kernel';
import { referenceServers } from '#libs/reference-data';
import { CORE, DEPLOYMENT } from '../../nation/nation.js';

const PAGE_EVENTS = 5_000;

/** An intermediate server's record without the server: what is written bypasses HTTP, reactors, mailbox and read models. */
export interface BulkServer {
  readonly id: string;
  readonly party: Party;
  readonly hmac: HmacSha256;
}
/** The law and the agencies as the core's record holds them. */
export interface BulkRegister {
  readonly law: MatrixHistory;
  agency(code: string): StateAt<AgencyStanding> | undefined;
}

/** The parties of a nation that does not run, opened to write their records: each under its lock, its log following. */
export class BulkNation {
  private constructor(
    readonly core: Party,
    readonly cipher: IdentifierCipher,
    readonly register: BulkRegister,
    private readonly servers: ReadonlyMap<string, BulkServer>,
  ) {}

  /** `now` is the business clock. Rejects with the typed errors of stores, keys and logs, nothing left open. */
  static async open(directory: string, now: () => string): Promise<BulkNation> {
    const opened: Party[] = [];
    const open = async (id: string, events: EventRegistry): Promise<Party> => {
      const party = await openParty({
        dataDirectory: join(directory, 'parties', id),
        keysDirectory: join(directory, 'keys', id),
        events,
        log: { deployment: DEPLOYMENT, party: id, now },
      });
      opened.push(party);
      return party;
    };
    try {
      const core = await open(CORE, coreEvents());
      const servers = new Map<string, BulkServer>();
      for (const { id, kind } of referenceServers()) {
        if (kind !== 'intermediate-server') continue;
        const party = await open(id, serverEvents);
        servers.set(id, { id, party, hmac: new HmacSha256(party.secrets.streamSecret) });
      }
      const cipher = await IdentifierCipher.create(new FileKeyVault(join(directory, 'keys', CORE)));
      return new BulkNation(core, cipher, await registerOf(core), servers);
    } catch (error) {
      await Promise.allSettled(opened.map((party) => party.close()));
      throw error;
    }
  }

  server(id: string | undefined): BulkServer {
    const found = this.servers.get(id ?? '');
    if (!found) throw new Error(`no intermediate server ${id ?? ''}`);
    return found;
  }
  get parties(): readonly (readonly [id: string, party: Party])[] {
    return [[CORE, this.core], ...[...this.servers.values()].map(({ id, party }) => [id, party] as const)];
  }

  /** Resolves when everything recorded is in its log, under a signed checkpoint. */
  async integrated(): Promise<void> {
    for (const [, { ledger, store }] of this.parties) {
      const last = await store.lastPosition();
      for (let size = -1; ledger !== undefined && ledger.checkpoint.size > size;) {
        size = ledger.checkpoint.size;
        const isIn = await ledger.integrated(last).then(
          () => true,
          (error: unknown) => {
            if (ledger.checkpoint.size === size) throw error; // nothing grows any more
            return false;
          },
        );
        if (isIn) break;
      }
    }
  }

  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.parties.map(([, party]) => party.close()));
    for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason;
  }
}

/** Reads the core's record from its beginning and folds what decisions rest on. */
async function registerOf({ store, recorder }: Party): Promise<BulkRegister> {
  const agencies = new Map<string, AgencyEvent[]>();
  const law: (MatrixEvent | OpeningEvent)[] = [];
  for (let after = START, atEnd = false; !atEnd;) {
    const page = await store.readAll({ after, limit: PAGE_EVENTS });
    for (const stored of page.events) {
      const category = stored.stream.slice(0, stored.stream.indexOf('-'));
      if (category !== 'agency' && category !== 'matrix' && category !== 'opening') continue;
      const { event } = recorder.decode(stored);
      if (category !== 'agency') law.push(event as unknown as MatrixEvent | OpeningEvent);
      else agencies.set(stored.stream, [...(agencies.get(stored.stream) ?? []), event as unknown as AgencyEvent]);
    }
    after = page.next;
    atEnd = page.atEnd;
  }
  const standings = new Map<string, StateAt<AgencyStanding>>();
  for (const events of agencies.values()) {
    const state = fold(agencyDecider, events);
    if (state.status === 'registered') standings.set(state.code, { state, revision: events.length - 1 });
  }
  return { law: MatrixHistory.from(law), agency: (code) => standings.get(code) };
}

/** Runs commands at a party; every one must be done. Returns each stream as it stands then. */
export async function recordAll<State, C extends Message, E extends Message>(
  { recorder }: Party,
  decider: Decider<State, C, E>,
  executions: readonly Execution<C>[],
): Promise<readonly (readonly Stored<E>[])[]> {
  if (executions.length === 0) return [];
  const outcomes = await recorder.execute(decider, executions);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value.history;
  });
}

export const eventIn = <E extends Message>(history: readonly Stored<E>[], type: E['type']): Stored<E> | undefined =>
  history.find(({ event }) => (event as RecordedEvent).type === type);
