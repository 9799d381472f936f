import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER_FILE, LedgerFile } from './ledger-file.js';
import type { SignedCheckpoint } from './ledger.js';
import { readLedger } from './read-ledger.js';
import { asRefusal } from './errors.js';

const ABANDONED = /^epoch-.+\.mdb$/;

/** What an abandoned epoch had signed last, and the last of it that witnesses saw. */
export interface AbandonedLedger {
  /** Its file, beside the one of the log: `readLedger({ directory, name })` reads it. */
  readonly name: string;
  readonly checkpoint: SignedCheckpoint;
  readonly cosigned: SignedCheckpoint | undefined;
}

/**
 * Puts the log's file aside, so that the next `openLedger` makes it again from the store, under any origin: the last step of
 * opening a new epoch, after LogEpochOpened is recorded. The old file stays, for its checkpoints and tiles are what others
 * have seen. Nobody may have it open. Undefined where there is none (any more). Rejects with LEDGER_UNAVAILABLE.
 */
export async function abandonLedger(directory: string): Promise<AbandonedLedger | undefined> {
  if (!(await isWritten(directory))) return undefined;
  const ledger = await readLedger({ directory });
  const { checkpoint, cosigned } = ledger;
  await ledger.close();
  const epoch = checkpoint.origin.slice(checkpoint.origin.lastIndexOf('/') + 1).replaceAll(/[^0-9A-Za-z]/g, '_');
  let name = `epoch-${epoch}.mdb`;
  for (let copy = 2; existsSync(join(directory, name)); copy += 1) name = `epoch-${epoch}-${copy}.mdb`;
  try {
    renameSync(join(directory, LEDGER_FILE), join(directory, name));
    rmSync(join(directory, `${LEDGER_FILE}-lock`), { force: true });
  } catch (error) {
    throw asRefusal(error, "the ledger's file cannot be put aside");
  }
  return { name, checkpoint, cosigned };
}

/** False where there is no file, or one that was made but never written. */
async function isWritten(directory: string): Promise<boolean> {
  if (!existsSync(join(directory, LEDGER_FILE))) return false;
  const file = LedgerFile.open(directory, { readOnly: true });
  try {
    return file.state() !== undefined;
  } finally {
    await file.close();
  }
}

/** The epochs of a log that were abandoned, each by its file. */
export async function abandonedLedgers(directory: string): Promise<readonly AbandonedLedger[]> {
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => ABANDONED.test(name)) : [];
  return Promise.all(
    names.sort().map(async (name) => {
      const ledger = await readLedger({ directory, name });
      const { checkpoint, cosigned } = ledger;
      await ledger.close();
      return { name, checkpoint, cosigned };
    }),
  );
}
