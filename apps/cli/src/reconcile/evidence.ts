import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, type Role, ROLES } from '#libs/domain';
import type { EventStore, StoredEvent } from '#libs/event-store';
import { leafHash, type Ledger } from '#libs/ledger';
import type { BatchProof, Place } from '#libs/proofs';
import type { ReconciledExchange } from './worker-messages.js';

const CATEGORY: Readonly<Record<Role, string>> = { requester: 'query', core: 'exchange', provider: 'provision' };

/** A party whose store and log evidence is taken from. */
export interface EvidenceSource {
  readonly id: string;
  readonly store: EventStore;
  /** Undefined where its log cannot be read: then its entries are told without proofs. */
  readonly ledger: Ledger | undefined;
}

/** What one party has recorded of an exchange, as bytes that anybody can check. */
export interface PartyEvidence {
  readonly role: Role;
  readonly party: string;
  /** The party's signed checkpoint, and the hashes that the places refer to. A record that is missing is in no entry below this size. */
  readonly proof?: BatchProof;
  readonly entries: readonly {
    readonly stream: string;
    readonly revision: number;
    /** The stored bytes: canonical JSON, UTF-8. The leaf is SHA-256(0x00 ‖ bytes), base64url. */
    readonly event: string;
    readonly leaf: string;
    readonly place?: Place;
  }[];
}
export interface Evidence {
  readonly format: 'renkei-reconciliation/1';
  readonly exchangeId: string;
  readonly asOf: string;
  readonly outcome: string;
  readonly findings: readonly Finding[];
  readonly parties: readonly PartyEvidence[];
}

/** The records of an exchange with their proofs, of every party that has any or must have some. */
export async function evidenceOf(exchange: ReconciledExchange, asOf: string, sources: Readonly<Partial<Record<Role, EvidenceSource>>>): Promise<Evidence> {
  const { exchangeId, outcome, findings } = exchange;
  const parties: PartyEvidence[] = [];
  for (const role of ROLES) {
    const source = sources[role];
    if (source) parties.push(await partyEvidence(role, exchangeId, source));
  }
  return { format: 'renkei-reconciliation/1', exchangeId, asOf, outcome, findings, parties };
}

async function partyEvidence(role: Role, exchangeId: string, { id, store, ledger }: EvidenceSource): Promise<PartyEvidence> {
  const events = await store.readStream(`${CATEGORY[role]}-${exchangeId}`);
  const indexes = events.map(({ position }) => ledger && indexAt(ledger, position));
  const known = indexes.filter((index) => index !== undefined);
  const proved = ledger?.prove(known);
  let next = 0;
  return {
    role,
    party: id,
    ...(proved === undefined ? {} : { proof: proved.proof }),
    entries: events.map((event, at) => {
      const place = indexes[at] === undefined ? undefined : proved?.places[next++];
      return { ...entryOf(event), ...(place === undefined ? {} : { place }) };
    }),
  };
}

const entryOf = ({ stream, revision, bytes }: StoredEvent): Omit<PartyEvidence['entries'][number], 'place'> => ({
  stream,
  revision,
  event: Buffer.from(bytes).toString('utf8'),
  leaf: leafHash(bytes).toString('base64url'),
});

/** Undefined where the log has not come so far: its process was ended before it had taken the entry in. */
function indexAt(ledger: Ledger, position: bigint): number | undefined {
  try {
    const index = ledger.indexAt(position);
    return index < ledger.checkpoint.size ? index : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Writes one file an exchange, `<exchange id>.json`; refuses to write over one. */
export async function writeEvidence(directory: string, evidence: Evidence): Promise<void> {
  await writeFile(join(directory, `${evidence.exchangeId}.json`), `${JSON.stringify(evidence, undefined, 2)}\n`, { flag: 'wx', mode: 0o600 });
}
