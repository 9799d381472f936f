import { Follows, IsServerId, IsText, IsWholeNumber, Rule, textRule } from '#libs/platform';
import { type BatchProof, NOTE_BYTES_MAX, type Place as TreePlace, PROOF_HASHES_MAX } from '#libs/proofs';
import { BATCH_LINES_MAX, type LineOutcome } from './line-outcome.js';

/** The proof that the lines of one batch share. */
export type SharedProof = BatchProof;
/** Where a record stands in a log, and which of an answer's proofs is of that log (the first, where it says nothing). */
export interface Place extends TreePlace {
  readonly proof?: number;
}
/** Outcomes of a batch, and the proofs that their places refer to: one a log and a request that it went into. None where nothing is proved. */
export interface Proven<T> {
  readonly outcomes: readonly LineOutcome<T>[];
  readonly proofs?: readonly SharedProof[];
}

/** Hashes that one batch can need: a path each at most, though neighbours share nearly all of theirs. */
export const SHARED_NODES_MAX = BATCH_LINES_MAX * PROOF_HASHES_MAX;

const isHashes = (value: unknown, max: number): value is readonly string[] =>
  Array.isArray(value) && value.length <= max && value.every((hash) => typeof hash === 'string' && hash.length === 44);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isPlace(value: unknown): boolean {
  const { index, path, proof } = value as Partial<Record<keyof Place, unknown>>;
  return isCount(index) && (proof === undefined || isCount(proof)) && Array.isArray(path) && path.length <= PROOF_HASHES_MAX && path.every(isCount);
}
/** True for what has the shape of a proof; whether it proves anything is the verifier's to say. */
export function isSharedProof(value: unknown): value is SharedProof {
  if (typeof value !== 'object' || value === null) return false;
  const { checkpoint, nodes, consistency } = value as Partial<Record<keyof SharedProof, unknown>>;
  if (typeof checkpoint !== 'string' || checkpoint.length > NOTE_BYTES_MAX || !isHashes(nodes, SHARED_NODES_MAX)) return false;
  if (consistency === undefined) return true;
  const { from, hashes } = consistency as Record<string, unknown>;
  return isCount(from) && isHashes(hashes, PROOF_HASHES_MAX);
}
const objectRule = (name: string, message: string, test: (value: unknown) => boolean): Rule =>
  new Rule(name, 'object', message, (value) => typeof value === 'object' && value !== null && test(value));

export const IsPlace = (): PropertyDecorator =>
  Follows(objectRule('place', `must be a place in a log: a leaf's index, and at most ${PROOF_HASHES_MAX} places of hashes`, isPlace));
export const IsSharedProof = (): PropertyDecorator => Follows(objectRule('proof', 'must be a signed checkpoint with hashes of 44 characters', isSharedProof));
/** At most one proof's hashes, base64. */
const IsProofHashes = (): PropertyDecorator =>
  Follows(
    textRule('hash', 'must be a hash in base64: 44 characters', (text) => text.length === 44),
    { list: { max: PROOF_HASHES_MAX } },
  );
const SIZE_MAX = Number.MAX_SAFE_INTEGER;

export class ConsistencyLine {
  @IsWholeNumber({ min: 0, max: SIZE_MAX }) readonly from!: number;
  @IsWholeNumber({ min: 0, max: SIZE_MAX }) readonly to!: number;
}
export interface ConsistencyAnswer {
  /** 32 bytes each, base64. */
  readonly hashes: readonly string[];
}

/** A checkpoint to be cosigned, as in C2SP tlog-witness: with the proof from the size that the witness cosigned last. */
export class CheckpointLine {
  /** The server whose log it is. */
  @IsServerId() readonly server!: string;
  /** Verifier key of that log. */
  @IsText({ max: 512 }) readonly key!: string;
  @IsText({ max: NOTE_BYTES_MAX }) readonly checkpoint!: string;
  @IsWholeNumber({ min: 0, max: SIZE_MAX }) readonly from!: number;
  @IsProofHashes() readonly hashes!: readonly string[];
}
/** The cosignature (a note's signature line), or, where `from` is not the size that the witness has, only that size: ask again from there. */
export interface CosignatureAnswer {
  readonly size: number;
  readonly cosignature?: string;
}
