import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER_KEY, ledgerKeyOf, LOG_STREAM, NEXT_LEDGER_KEY } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { type LogCommand, logDecider } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { readLedger, sha256, verifyEd25519 } from '#libs/ledger';
import { parseNote, parseVerifierKey, signersOf } from '#libs/proofs';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import type { Session } from '../command-line/session.js';
import { LEDGER, type OwnedParty } from '../parties/open-party.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { ledgerTexts } from './ledger.texts.js';
import { asOwnerAlone } from './as-owner.js';
import type { PartyOptions } from './party-options.js';
import { printKeys } from './print-keys.js';

/** Records a change of the log's identity, as the operator who has the keys; durable on return. */
export async function recordInLog({ recorder }: Pick<OwnedParty, 'recorder'>, made: LogCommand, at: string): Promise<void> {
  const context = { at, actor: 'operator', correlationId: LOG_STREAM, causationId: LOG_STREAM, keyId: LOG_STREAM };
  const [outcome] = await recorder.execute(logDecider, [{ stream: LOG_STREAM, command: made, context }]);
  if (outcome?.status !== 'fulfilled') throw (outcome as PromiseRejectedResult).reason;
}

const fileOf = (keysDirectory: string, name: string): string => join(keysDirectory, `signing-${name}.pem`);

/** A second key, made before it is recorded: what is on record can always sign. */
export function rotateKey(options: PartyOptions, directory: PartyDirectory, session: Session): Promise<ExitCode> {
  const say = ledgerTexts(session.language);
  return asOwnerAlone(options, directory, { session, withLedger: false }, async (party, { keysDirectory, now }) => {
    const { origin } = party.identity;
    const key = ledgerKeyOf(SigningKey.openOrCreate(keysDirectory, NEXT_LEDGER_KEY), origin);
    await recordInLog(party, { type: 'RotateLogKey', data: { key } }, now());
    session.answer({ origin, key }, (out) => {
      printFacts(out, [[say.origin, origin]]);
      printKeys(out, say.keyBeside, [key]);
      out.paragraph(say.tellAll);
    });
    return EXIT.done;
  });
}

/** True where the log's newest checkpoint carries this key's signature: whoever knows the old key can learn the new one from it. */
async function hasSigned({ dataDirectory }: PartyDirectory, key: string): Promise<boolean> {
  const ledger = await readLedger({ directory: join(dataDirectory, LEDGER) });
  const note = parseNote(ledger.checkpoint.note);
  await ledger.close();
  const known = parseVerifierKey(sha256, key);
  return note !== undefined && known !== undefined && (signersOf(verifyEd25519, note, [known])?.length ?? 0) > 0;
}

/**
 * The older key goes: recorded first, then the files move, so that a stop in between leaves keys that can sign; done again,
 * it goes on where it stopped. The old key's file is kept beside, for backups from before.
 */
export function retireKey(options: PartyOptions, directory: PartyDirectory, session: Session): Promise<ExitCode> {
  const say = ledgerTexts(session.language);
  return asOwnerAlone(options, directory, { session, withLedger: false }, async (party, { keysDirectory, now }) => {
    const { origin, keys } = party.identity;
    const next = SigningKey.load(keysDirectory, NEXT_LEDGER_KEY);
    const key = next && ledgerKeyOf(next, origin);
    if (key === undefined || keys.at(-1) !== key) throw new DomainError('LOG_KEY_IS_LAST', 'conflict', say.onlyKey);
    const [retired] = keys.length > 1 ? keys : [];
    if (retired !== undefined) {
      if (!(await hasSigned(directory, key))) throw new DomainError('LOG_KEY_NOT_SHOWN', 'conflict', say.notShown);
      await recordInLog(party, { type: 'RetireLogKey', data: { key: retired } }, now());
    }
    const old = SigningKey.load(keysDirectory, LEDGER_KEY);
    if (old) renameSync(fileOf(keysDirectory, LEDGER_KEY), fileOf(keysDirectory, `${LEDGER_KEY}-retired-${old.keyId}`));
    renameSync(fileOf(keysDirectory, NEXT_LEDGER_KEY), fileOf(keysDirectory, LEDGER_KEY));
    session.answer({ origin, key, ...(retired === undefined ? {} : { retired }) }, (out) => {
      printFacts(out, [[say.origin, origin]]);
      printKeys(out, say.keyAlone, [key]);
      printKeys(out, say.keyRetired, [retired]);
    });
    return EXIT.done;
  });
}
