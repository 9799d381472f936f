import { parseNote, toBase64 } from '#libs/proofs';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import type { Session } from '../command-line/session.js';
import { openPartyReadOnly, readLog, type ReadParty } from '../parties/open-party.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { ledgerTexts } from './ledger.texts.js';
import { printKeys } from './print-keys.js';

/** Bytes of a cosignature: the time (8 bytes, big-endian seconds), then the signature (C2SP tlog-cosignature). */
const COSIGNATURE_BYTES = 72;

interface ShownCosignature {
  readonly witness: string;
  readonly size: number;
  /** ISO 8601 UTC. */
  readonly at: string;
}

/** The cosignatures on the newest checkpoint that has some; they are shown, not verified. */
function cosignaturesOf({ ledger }: ReadParty): readonly ShownCosignature[] {
  const { cosigned, origin } = ledger;
  const signatures = (cosigned && parseNote(cosigned.note)?.signatures) ?? [];
  return signatures.flatMap(({ name, signature }) => {
    if (cosigned === undefined || name === origin || signature.length !== COSIGNATURE_BYTES) return [];
    const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
    return [{ witness: name, size: cosigned.size, at: new Date(Number(seconds) * 1_000).toISOString() }];
  });
}

export async function showLog(party: PartyDirectory, session: Session): Promise<ExitCode> {
  const say = ledgerTexts(session.language);
  const read = await openPartyReadOnly(party);
  try {
    const { origin, size, root, note } = read.ledger.checkpoint;
    const keys = (await readLog(read.store))?.keys ?? [];
    const cosignatures = cosignaturesOf(read);
    session.answer({ party: read.id, origin, size, root: toBase64(root), keys, cosignatures, checkpoint: note }, (out) => {
      printFacts(out, [
        [say.origin, origin],
        [say.size, String(size)],
        [say.root, toBase64(root)],
        [say.cosignedBy, cosignatures.length === 0 ? say.nobody : cosignatures.map((one) => `${one.witness}: ${say.cosignature(one.size, one.at)}`).join('\n')],
      ]);
      printKeys(out, say.verifierKeys, keys);
    });
    return EXIT.done;
  } finally {
    await read.close();
  }
}
