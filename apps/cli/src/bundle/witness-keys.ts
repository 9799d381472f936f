import { SigningKey } from '#libs/cryptography';
import type { ServerEvent } from '#libs/domain';
import { sha256 } from '#libs/ledger';
import { namesOf } from '../parties/open-party.js';
import type { BundledParty } from './collect-bundle.js';
import { COSIGNATURE_V1, formatVerifierKey, keyIdOf, parseNote } from '#libs/proofs';

/** The core is in no register: its key is read where its keys lie. */
function keysOfCore({ keysDirectory }: BundledParty): readonly string[] {
  const key = keysDirectory === undefined ? undefined : SigningKey.load(keysDirectory);
  return key === undefined ? [] : [key.publicText];
}

/** Every key that a server was registered to sign with, base64url. */
async function signingKeysOf(core: BundledParty, server: string): Promise<readonly string[]> {
  if (server === namesOf(core.ledger.origin).party) return keysOfCore(core);
  const history = await core.store.readStream(`server-${server}`);
  return history.flatMap(({ bytes }) => {
    const event = JSON.parse(Buffer.from(bytes).toString('utf8')) as ServerEvent;
    if (event.type === 'ServerRegistered') return [event.data.signingKey];
    return event.type === 'ServerKeyRotated' && event.data.purpose === 'signing' ? [event.data.publicKey] : [];
  });
}

/**
 * Verifier keys (kind 0x04) of the servers that cosigned a note, from the core's register: a witness signs as
 * `<deployment>/<server>` with the key that it is registered with, the core with the one in its keys directory. Those of which
 * no key is at hand are left out.
 */
export async function witnessKeys(core: BundledParty, note: string): Promise<readonly string[]> {
  const keys = new Set<string>();
  for (const { name, keyId } of parseNote(note)?.signatures ?? []) {
    for (const publicText of await signingKeysOf(core, name.slice(name.lastIndexOf('/') + 1))) {
      const publicKey = Buffer.from(publicText, 'base64url');
      const key = { name, kind: COSIGNATURE_V1, publicKey, keyId: keyIdOf(sha256, name, COSIGNATURE_V1, publicKey) };
      if (key.keyId === keyId) keys.add(formatVerifierKey(key));
    }
  }
  return [...keys];
}
