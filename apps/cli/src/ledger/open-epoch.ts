import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER_KEY, ledgerKeyOf } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { abandonLedger, LEDGER_FILE, parseOrigin, readLedger, sha256, verifyEd25519 } from '#libs/ledger';
import { type Checkpoint, NOTE_BYTES_MAX, parseCheckpoint, parseNote, parseVerifierKey, signersOf } from '#libs/proofs';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { parseWholeNumber } from '../names/parse.js';
import { LEDGER, type OpenLog, type OwnedParty, readLog } from '../parties/open-party.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { recordInLog } from './keys-of-log.js';
import { ledgerTexts } from './ledger.texts.js';
import { remainingOf } from './lost-entries.js';
import { asOwnerAlone } from './as-owner.js';
import type { PartyOptions } from './party-options.js';
import { printKeys } from './print-keys.js';

export interface EpochOptions extends PartyOptions {
  readonly previous: string;
  readonly entriesLost?: string;
}

interface Previous extends Checkpoint {
  readonly note: string;
}

/** The checkpoint that others hold: of the epoch in force, and signed by the log's own key. Throws UsageError. */
function previousIn(file: string, { origin, keys }: OpenLog, session: Session): Previous {
  const say = ledgerTexts(session.language);
  const bytes = readFileSync(file);
  const text = bytes.length > NOTE_BYTES_MAX ? '' : bytes.toString('utf8');
  const note = parseNote(text);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) throw new UsageError('--previous', 'a signed checkpoint', say.notACheckpoint);
  if (checkpoint.origin !== origin) throw new UsageError('--previous', "of this log's present epoch", say.otherLog(checkpoint.origin));
  const known = keys.flatMap((key) => parseVerifierKey(sha256, key) ?? []);
  if ((signersOf(verifyEd25519, note, known)?.length ?? 0) === 0) throw new UsageError('--previous', 'signed by this log', say.notSigned);
  return { ...checkpoint, note: text };
}

/** How many entries of the checkpoint are gone. Throws UsageError where none are, or where only the operator can tell. */
async function entriesLostOf({ store }: OwnedParty, previous: Previous, given: string | undefined, session: Session): Promise<number> {
  const say = ledgerTexts(session.language);
  const remaining = await remainingOf(store, previous);
  if (remaining.status === 'all') throw new DomainError('LEDGER_NOTHING_LOST', 'conflict', say.nothingLost);
  if (remaining.status === 'shorter') return remaining.entriesLost;
  if (given === undefined) throw new UsageError('--entries-lost', 'given', say.lostUnknown);
  return parseWholeNumber('--entries-lost', given, { min: 1, max: previous.size }, session.language);
}

/** True where the epoch was recorded before, but the tree of the one before it still lies in its place. */
async function isHalfDone(ledgerDirectory: string, origin: string): Promise<boolean> {
  if (!existsSync(join(ledgerDirectory, LEDGER_FILE))) return false;
  const old = await readLedger({ directory: ledgerDirectory });
  await old.close();
  return old.origin !== origin;
}

/** Records the new epoch with what was lost. Throws UsageError, LEDGER_NOTHING_LOST, LEDGER_KEY_MISSING. */
async function record(party: OwnedParty, options: EpochOptions, at: { readonly keysDirectory: string; readonly now: () => string }, session: Session) {
  const previous = previousIn(options.previous, party.identity, session);
  const entriesLost = await entriesLostOf(party, previous, options.entriesLost, session);
  const key = SigningKey.load(at.keysDirectory, LEDGER_KEY);
  if (key === undefined) throw new DomainError('LEDGER_KEY_MISSING', 'unavailable', `${at.keysDirectory} does not hold the key that signs this log`);
  const { log } = parseOrigin(party.identity.origin) ?? { log: '' };
  const restored = { previous: previous.note, entriesLost };
  await recordInLog(party, { type: 'OpenEpoch', data: { log, keyFor: (origin) => ledgerKeyOf(key, origin), restored } }, at.now());
  return { previous: { origin: previous.origin, size: previous.size }, entriesLost };
}

export function openEpoch(options: EpochOptions, directory: PartyDirectory, session: Session): Promise<ExitCode> {
  const say = ledgerTexts(session.language);
  return asOwnerAlone(options, directory, { session, withLedger: false }, async (party, at) => {
    const ledgerDirectory = join(directory.dataDirectory, LEDGER);
    const halfDone = await isHalfDone(ledgerDirectory, party.identity.origin);
    const recorded = halfDone ? undefined : await record(party, options, at, session);
    // put aside only now: without the record of the new epoch, a start would sign a shorter tree of the old one
    await abandonLedger(ledgerDirectory);
    const opened = await readLog(party.store);
    if (opened === undefined) throw new DomainError('LOG_NOT_OPEN', 'internal', 'the log has no epoch after one was opened');
    session.answer({ origin: opened.origin, key: opened.keys[0], ...recorded }, (out) => {
      printFacts(out, [
        [say.epochOpened, opened.origin],
        [say.entriesLost, recorded && String(recorded.entriesLost)],
      ]);
      printKeys(out, say.verifierKeys, opened.keys);
      out.paragraph(say.acceptAll);
    });
    return EXIT.done;
  });
}
