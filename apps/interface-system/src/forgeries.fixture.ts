import { SigningKey } from '#libs/cryptography';
import type { LineOutcome, Place, Proven, SharedProof } from '#libs/protocol';
import { DEPLOYMENT, type MemoryLog } from './network.fixture.js';

/** What a forger does to an answer of at least two lines. */
export interface Forgery {
  readonly what: string;
  readonly code: string;
  readonly forge: (honest: { readonly log: MemoryLog }) => <T>(answer: Proven<T>) => Proven<T>;
}

interface Placed {
  readonly place?: Place;
}
/** Changes the places of all lines. */
function replaced<T>({ outcomes, proofs }: Proven<T>, change: (places: readonly Place[]) => readonly (Place | undefined)[]): Proven<T> {
  const placeOf = (outcome: LineOutcome<T>): Place => (outcome.ok ? ((outcome.value as Placed).place as Place) : { index: 0, path: [] });
  const places = change(outcomes.map(placeOf));
  const changed = outcomes.map((outcome, at): LineOutcome<T> => {
    if (!outcome.ok) return outcome;
    const { place: _place, ...value } = outcome.value as Placed;
    return { ok: true, value: { ...value, ...(places[at] === undefined ? {} : { place: places[at] }) } as T };
  });
  return { outcomes: changed, ...(proofs === undefined ? {} : { proofs }) };
}
const reproved = <T>({ outcomes, proofs }: Proven<T>, change: (proof: SharedProof) => SharedProof | undefined): Proven<T> => ({
  outcomes,
  proofs: (proofs ?? []).flatMap((proof) => change(proof) ?? []),
});
const each = (change: (place: Place) => Place) => (places: readonly Place[]) => places.map(change);

/** The forgeries that any proof can suffer, whoever gives it and whatever it is of. */
export const FORGERIES: readonly Forgery[] = [
  { what: 'places that are swapped', code: 'RECORD_NOT_INCLUDED', forge: () => (answer) => replaced(answer, (places) => [...places].reverse()) },
  {
    what: 'a path that is cut off',
    code: 'RECORD_NOT_INCLUDED',
    forge: () => (answer) =>
      replaced(
        answer,
        each(({ index, path }) => ({ index, path: path.slice(1) })),
      ),
  },
  {
    what: 'a path that goes on',
    code: 'RECORD_NOT_INCLUDED',
    forge: () => (answer) =>
      replaced(
        answer,
        each(({ index, path }) => ({ index, path: [...path, 0] })),
      ),
  },
  {
    what: 'a place past the tree',
    code: 'RECORD_NOT_INCLUDED',
    forge: () => (answer) =>
      replaced(
        answer,
        each(({ path }) => ({ index: 1_000, path })),
      ),
  },
  {
    what: 'places that are none',
    code: 'RECORD_NOT_INCLUDED',
    forge: () => (answer) =>
      replaced(
        answer,
        each(() => ({ index: 0, path: 'x' as unknown as number[] })),
      ),
  },
  { what: 'no places', code: 'LEDGER_PROOF_MISSING', forge: () => (answer) => replaced(answer, (places) => places.map(() => undefined)) },
  {
    what: 'no proofs',
    code: 'LEDGER_PROOF_MISSING',
    forge:
      () =>
      ({ outcomes }) => ({ outcomes }),
  },
  {
    what: 'places in a proof that is not there',
    code: 'LEDGER_PROOF_MISSING',
    forge: () => (answer) =>
      replaced(
        answer,
        each((place) => ({ ...place, proof: 7 })),
      ),
  },
  {
    what: 'hashes of another tree',
    code: 'RECORD_NOT_INCLUDED',
    forge: () => (answer) => reproved(answer, (proof) => ({ ...proof, nodes: proof.nodes.map(() => Buffer.alloc(32, 1).toString('base64')) })),
  },
  { what: 'a checkpoint that is none', code: 'LEDGER_NOTE_MALFORMED', forge: () => (answer) => reproved(answer, (proof) => ({ ...proof, checkpoint: 'x' })) },
  {
    what: 'a checkpoint that another key signed',
    code: 'LEDGER_KEY_UNKNOWN',
    forge:
      ({ log }) =>
      (answer) =>
        reproved(answer, (proof) => ({ ...proof, checkpoint: log.note(log.size, SigningKey.generate()) })),
  },
  {
    what: 'a checkpoint of another epoch',
    code: 'LEDGER_EPOCH_UNKNOWN',
    forge:
      ({ log }) =>
      (answer) =>
        reproved(answer, (proof) => ({ ...proof, checkpoint: log.note(log.size, log.signing, log.origin.replace(/1$/, '2')) })),
  },
  {
    what: "a checkpoint of another party's log",
    code: 'LEDGER_WRONG_TREE',
    forge:
      ({ log }) =>
      (answer) =>
        reproved(answer, (proof) => ({ ...proof, checkpoint: log.note(log.size, log.signing, `${DEPLOYMENT}/is-z/1`) })),
  },
];
