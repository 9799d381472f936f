import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { nativeHasher, sha256 } from '#libs/ledger';
import { BUNDLE_CHARACTERS_MAX, parseVerifierKey, type RefusedBundle, verifyBundle } from '#libs/proofs';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { bundleTexts } from './bundle.texts.js';
import { printRefusal, printReport } from './print-report.js';

interface VerifyOptions {
  readonly key?: readonly string[];
}

/** The file's bytes; undefined where it is larger than a bundle can be. */
async function bytesOf(file: string): Promise<Uint8Array | undefined> {
  const { size } = await stat(file);
  return size > BUNDLE_CHARACTERS_MAX ? undefined : readFile(file);
}

/** A key, or those of `@FILE`, one a line. */
async function keysIn(given: string): Promise<readonly string[]> {
  if (!given.startsWith('@')) return [given];
  const lines = (await readFile(given.slice(1), 'utf8')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '');
}

const TOO_LARGE: RefusedBundle = { outcome: 'refused', refusal: { code: 'BUNDLE_TOO_LARGE' } };

export function verifyBundleCommand(session: Session): Command {
  const say = bundleTexts(session.language);
  return command<VerifyOptions>(
    session,
    'verify-bundle',
    say.verify,
    (made) => made.argument('<file>', say.file).option('--key <vkey>', say.key, (key: string, others: readonly string[] = []) => [...others, key]),
    async ({ key: given = [] }, [file = '']) => {
      const expectedKeys = (await Promise.all(given.map(keysIn))).flat();
      if (expectedKeys.length < given.length || expectedKeys.some((key) => parseVerifierKey(sha256, key) === undefined))
        throw new UsageError('--key', 'a verifier key', say.badKey);
      const bytes = await bytesOf(file);
      const report = bytes === undefined ? TOO_LARGE : verifyBundle(bytes, { hasher: nativeHasher, expectedKeys });
      if (report.outcome === 'refused') {
        session.answer(report, (out) => printRefusal(out, report.refusal, session.language));
        return EXIT.usage;
      }
      session.answer(report, (out) => printReport(out, report, session.language));
      return report.outcome === 'verified' ? EXIT.done : EXIT.no;
    },
  );
}
