// First start, step 1: makes the keys of every server of the plan where they are missing, and hands out their public halves.
// Private keys go to KEYS_ROOT/<server>; public halves to PINS_DIRECTORY: core.env (what others pin), operators.env, servers.json.
// Pins that exist are never replaced: what is pinned changes by an operator's hand only (deploy/runbooks/keys.md).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SigningKey, TransportKey } from '#libs/cryptography';
import { ED25519, formatVerifierKey, keyIdOf } from '#libs/proofs';
import { readPlan, registrationOf, variable } from './network.mjs';

const OPERATOR = 'operator';

const plan = readPlan();
const keysRoot = variable('KEYS_ROOT');
const pins = variable('PINS_DIRECTORY');
const deployment = variable('DEPLOYMENT');
const keysOf = (name) => join(keysRoot, name);

/** Writes a file of public values once. */
function pin(name, text) {
  const file = join(pins, name);
  if (existsSync(file)) return console.log(`${name} is there: left as it is`);
  writeFileSync(file, text, { mode: 0o644, flag: 'wx' });
  console.log(`${name} written`);
}

/** Verifier key (C2SP signed-note) of the first epoch of the core's log. */
function ledgerKeyOfCore() {
  const publicKey = Buffer.from(SigningKey.openOrCreate(keysOf('core'), 'ledger').publicText, 'base64url');
  const name = `${deployment}/core/1`;
  const keyId = keyIdOf((bytes) => createHash('sha256').update(bytes).digest(), name, ED25519, publicKey);
  return formatVerifierKey({ name, keyId, kind: ED25519, publicKey });
}

function publicHalvesOf({ id, kind }) {
  const signing = SigningKey.openOrCreate(keysOf(id));
  const transport = kind === 'interface-system' ? { transportKeyId: 'current', transportKey: TransportKey.openOrCreate(keysOf(id)).publicText } : {};
  return [id, { signingKeyId: signing.keyId, signingKey: signing.publicText, ...transport }];
}

mkdirSync(pins, { recursive: true });
const core = SigningKey.openOrCreate(keysOf('core'));
const servers = plan.servers.map(publicHalvesOf);
const agencies = plan.agencies
  .filter(({ key }) => key === 'make')
  .map(({ name }) => registrationOf(name))
  .map(({ code }) => [code, SigningKey.openOrCreate(join(keysOf('agencies'), code)).publicText]);
pin('core.env', `CORE_PUBLIC_KEY=${core.publicText}\nCORE_LEDGER_KEY=${ledgerKeyOfCore()}\n`);
pin('operators.env', `OPERATORS=${OPERATOR}:${SigningKey.openOrCreate(keysOf(OPERATOR)).publicText}\n`);
pin('servers.json', `${JSON.stringify(Object.fromEntries(servers), null, 2)}\n`);
pin('agencies.json', `${JSON.stringify(Object.fromEntries(agencies), null, 2)}\n`);
