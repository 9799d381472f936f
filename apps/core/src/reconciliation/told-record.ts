import type { Kept, ProvisionEvent, QueryEvent } from '#libs/domain';
import type { Message, RecordedEvent } from '#libs/kernel';
import { leafHash, nativeHasher, verifyEd25519, sha256 } from '#libs/ledger';
import { BatchInclusion, type BatchProof, parseCheckpoint, parseNote, parseVerifierKey, type Place, signersOf } from '#libs/proofs';
import type { RecordTold, SharedProof } from '#libs/protocol';

/** What one party keeps of an exchange, in a form that proves itself: stored bytes, places, signed checkpoint. */
export interface PartyEvidence {
  readonly role: 'requester' | 'core' | 'provider';
  /** Server whose log it is. */
  readonly party: string;
  /** The hashes of these entries' proofs alone. */
  readonly proof?: BatchProof;
  readonly entries: readonly { readonly event: string; readonly leaf: string; readonly place?: Place }[];
}

/** Whose record was asked for, and by which keys its log is signed. */
export interface Asked {
  readonly exchangeId: string;
  readonly agency: string;
  /** Origin and verifier keys that the core has accepted of that server's log. */
  readonly origin: string;
  readonly keys: readonly string[];
}

/** A party's record once its proofs held. */
export interface ToldRecord {
  readonly query: readonly Kept<QueryEvent>[];
  readonly provision: readonly Kept<ProvisionEvent>[];
  readonly entries: PartyEvidence['entries'];
  /** Undefined where the party has nothing of it. */
  readonly proof?: BatchProof;
}

/** Verifies what parties tell, answer by answer: a checkpoint that several records share is verified once. */
export class ToldRecords {
  readonly #heads = new Map<SharedProof, BatchInclusion | undefined>();

  constructor(private readonly proofs: readonly SharedProof[]) {}

  /** Undefined where anything of it does not hold: a signature, a place, an entry of another exchange or agency. */
  verify({ events }: RecordTold, asked: Asked): ToldRecord | undefined {
    const query: Kept<QueryEvent>[] = [];
    const provision: Kept<ProvisionEvent>[] = [];
    const entries: PartyEvidence['entries'][number][] = [];
    const nodes: string[] = [];
    let shared: SharedProof | undefined;
    for (const { event: text, place } of events) {
      const recorded = recordedOf(text);
      const proof = place && this.proofs[place.proof ?? 0];
      if (!recorded || recorded.agency !== asked.agency || !place || !proof || (shared !== undefined && proof !== shared)) return undefined;
      shared = proof;
      const leaf = leafHash(Buffer.from(text, 'utf8'));
      if (this.#head(proof, asked)?.includes(leaf, place) !== true) return undefined;
      const kept = { event: recorded, leaf: leaf.toString('base64url') };
      if (recorded.stream === `query-${asked.exchangeId}`) query.push(kept as Kept<QueryEvent>);
      else if (recorded.stream === `provision-${asked.exchangeId}`) provision.push(kept as Kept<ProvisionEvent>);
      else return undefined;
      entries.push({ event: text, leaf: kept.leaf, place: { index: place.index, path: place.path.map((at) => nodes.push(proof.nodes[at] ?? '') - 1) } });
    }
    return { query, provision, entries, ...(shared === undefined ? {} : { proof: { checkpoint: shared.checkpoint, nodes } }) };
  }

  /** The tree that the proof is of, where one of the log's keys has signed it. */
  #head(proof: SharedProof, { origin, keys }: Asked): BatchInclusion | undefined {
    if (this.#heads.has(proof)) return this.#heads.get(proof);
    const note = parseNote(proof.checkpoint);
    const checkpoint = note && parseCheckpoint(note.text);
    const verifiers = keys.flatMap((key) => parseVerifierKey(sha256, key) ?? []);
    const isSigned = note !== undefined && (signersOf(verifyEd25519, note, verifiers)?.length ?? 0) > 0;
    const head = isSigned && checkpoint?.origin === origin ? new BatchInclusion(nativeHasher, proof.nodes, checkpoint) : undefined;
    this.#heads.set(proof, head);
    return head;
  }
}

/** The event, where the text is one: whoever told it may have sent anything. */
function recordedOf(text: string): RecordedEvent | undefined {
  try {
    const event = JSON.parse(text) as Partial<RecordedEvent<Message>> | null;
    const { type, stream, revision, at, data } = event ?? {};
    const isEvent = typeof type === 'string' && typeof stream === 'string' && typeof at === 'string' && typeof data === 'object' && data !== null;
    return isEvent && Number.isSafeInteger(revision) ? (event as RecordedEvent) : undefined;
  } catch {
    return undefined;
  }
}
