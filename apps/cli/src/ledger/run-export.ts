import { DomainError } from '#libs/kernel';
import type { Ledger, LedgerSource, SignedCheckpoint } from '#libs/ledger';
import { LogReader, recordReading } from '#libs/ledger-service';
import { toBase64 } from '#libs/proofs';
import { interruptible } from '../bulk/interruption.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { openPartyReadOnly, readLog } from '../parties/open-party.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { exportLog } from './export-log.js';
import { ledgerTexts } from './ledger.texts.js';
import { LogDirectory } from './log-directory.js';
import { printKeys } from './print-keys.js';
import { asOwner, isOwnedElsewhere } from './as-owner.js';
import type { PartyOptions } from './party-options.js';
import { askToRecord, type AuditorOptions, auditorOf } from './record-reading.js';

export interface ExportOptions extends PartyOptions, AuditorOptions {}

interface Exporting {
  readonly ledger: Ledger;
  readonly source: LedgerSource;
  readonly keys: readonly string[];
  /** Puts the reading of entries [0, size) on the party's record; durable on return. */
  readonly record: (size: number) => Promise<void>;
}

/** With its cosignatures, where the newest checkpoint has some. */
const newestOf = ({ cosigned, checkpoint }: Ledger): SignedCheckpoint => (cosigned?.size === checkpoint.size ? cosigned : checkpoint);

/** Checkpoint first, then the record of the reading, then the entries. */
async function write({ ledger, source, keys, record }: Exporting, directory: LogDirectory, path: string, auditor: string, session: Session): Promise<ExitCode> {
  const say = ledgerTexts(session.language);
  const checkpoint = newestOf(ledger);
  const { origin, size, root } = checkpoint;
  await record(size);
  const log = new LogReader(ledger, source);
  const progress = session.json ? undefined : session.err.progress(say.exporting, size, { rate: true });
  const whole = await interruptible(
    () => session.note(say.stopping),
    async (signal) => {
      try {
        if (await exportLog({ log, checkpoint, keys }, directory, { onEntries: (entries) => progress?.update(entries), signal })) return true;
        await directory.discard();
        return false;
      } catch (error) {
        await directory.discard();
        throw error;
      } finally {
        progress?.stop();
      }
    },
  );
  if (!whole) {
    session.note(say.interrupted);
    return EXIT.interrupted;
  }
  const { files, bytes } = directory;
  session.answer({ origin, size, root: toBase64(root), keys, auditor, directory: path, files, bytes }, (out) => {
    printFacts(out, [
      [say.origin, origin],
      [say.size, String(size)],
      [say.root, toBase64(root)],
      [say.recordedFor, auditor],
      [say.written, path],
      [say.files, String(files)],
      [say.bytes, String(bytes)],
    ]);
    printKeys(out, say.verifierKeys, keys);
  });
  return EXIT.done;
}

/** Beside the process that owns the directory: it records, the bytes are read from disk. */
async function besideOwner(options: ExportOptions, party: PartyDirectory, directory: LogDirectory, path: string, session: Session): Promise<ExitCode> {
  const { server } = options;
  if (server === undefined) throw new DomainError('STORE_IN_USE', 'unavailable', ledgerTexts(session.language).running(party.id));
  const read = await openPartyReadOnly(party);
  try {
    const keys = (await readLog(read.store))?.keys ?? [];
    // the file is a moment behind: what is recorded by now goes along
    await read.ledger.integrated(await read.store.lastPosition());
    const record = (size: number): Promise<void> => askToRecord({ ...options, server }, party.id, size, session);
    return await write({ ledger: read.ledger, source: read.store, keys, record }, directory, path, auditorOf(options, session), session);
  } finally {
    await read.close();
  }
}

export async function runExport(options: ExportOptions, party: PartyDirectory, path: string, session: Session): Promise<ExitCode> {
  const say = ledgerTexts(session.language);
  const auditor = auditorOf(options, session);
  const directory = new LogDirectory(path);
  const trouble = await directory.trouble();
  if (trouble === 'not-empty') throw new UsageError('<directory>', 'new or empty', say.notEmpty(path));
  if (trouble === 'broken-off') throw new UsageError('<directory>', 'new or empty', say.brokenOff(directory.partial));
  if (options.server !== undefined) return besideOwner(options, party, directory, path, session);
  try {
    return await asOwner(options, party, { session, withLedger: true }, async ({ ledger, log, store, recorder }, { now }) => {
      if (ledger === undefined) throw new DomainError('LEDGER_UNAVAILABLE', 'unavailable', 'the party keeps no ledger');
      const record = (size: number): Promise<void> => recordReading(recorder, { auditor, from: 0, to: size }, now());
      return write({ ledger, source: store, keys: log?.keys ?? [], record }, directory, path, auditor, session);
    });
  } catch (error) {
    if (!isOwnedElsewhere(error)) throw error;
    return besideOwner(options, party, directory, path, session);
  }
}
