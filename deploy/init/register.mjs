// First start, step 2: enters the plan at the core by its operator's token: servers, the law, agencies and who speaks for them.
// May be run again at any time: what was entered before stays as it is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SigningKey, VerificationKey } from '#libs/cryptography';
import { affairsToAssess } from '#libs/domain';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { referenceEnactments, referenceHistory, referenceOpenings, referenceRepeals } from '#libs/reference-data';
import { readPlan, registrationOf, variable } from './network.mjs';

const OPERATOR = 'operator';
const LINES_A_CALL = 500;

const plan = readPlan();
const pinned = (file) => JSON.parse(readFileSync(join(variable('PINS_DIRECTORY'), file), 'utf8'));
const { keyId, privateKey } = SigningKey.openOrCreate(join(variable('KEYS_ROOT'), OPERATOR));
const client = new ServiceClient({
  address: variable('CORE_URL'),
  audience: 'core',
  signer: new TokenSigner({ issuer: OPERATOR, keyId, privateKey }),
});

const operate = (path, body) => client.call({ method: 'POST', path: `/operations/${path}`, body, idempotent: true });

async function operateLines(path, lines) {
  let changed = 0;
  for (let at = 0; at < lines.length; at += LINES_A_CALL) {
    const { outcomes } = await operate(path, { lines: lines.slice(at, at + LINES_A_CALL) });
    for (const outcome of outcomes) {
      if (!outcome.ok) throw new Error(`${path}: ${outcome.problem.code} ${outcome.problem.detail}`);
      if (outcome.value.changed) changed += 1;
    }
  }
  console.log(`${path}: ${lines.length} lines, ${changed} new`);
}

async function enterLaw() {
  for (const { version, effectiveFrom, items, draft, certainty, source } of referenceEnactments()) {
    await operate('matrix/enact', { version, effectiveFrom, items, draft, certainty, source });
  }
  if (plan.law.repeals) for (const repeal of referenceRepeals()) await operate('matrix/repeal', repeal);
  await operateLines('openings', referenceOpenings());
}

/** The agencies of the plan, as the reference data has them. */
function agenciesOfPlan() {
  const made = pinned('agencies.json');
  return plan.agencies.map(({ name, key, ...hosting }) => {
    const registration = registrationOf(name);
    return { registration, hosting, key: key === 'make' ? made[registration.code] : key };
  });
}

/** Affairs of every version of the table that an agency of a class has to publish an assessment for. */
function affairsOf(agencyClass) {
  const affairs = new Set();
  for (const { matrix } of referenceHistory().list()) for (const code of affairsToAssess(matrix).get(agencyClass) ?? []) affairs.add(code);
  return [...affairs].sort();
}

async function enterAgencies() {
  const agencies = agenciesOfPlan();
  await operateLines(
    'agencies',
    agencies.map(({ registration }) => registration),
  );
  await operateLines(
    'hostings',
    agencies.map(({ registration: { code }, hosting: { intermediateServer, interfaceSystem } }) => ({ code, intermediateServer, interfaceSystem })),
  );
  await operateLines(
    'agency-keys',
    agencies.flatMap(({ registration: { code }, key }) => (key === undefined ? [] : [{ code, keyId: new VerificationKey(key).keyId, publicKey: key }])),
  );
  const assessed = agencies.map(({ registration: { code, class: agencyClass } }) => ({ code, affairs: affairsOf(agencyClass) }));
  await operateLines(
    'assessments/publish',
    assessed.filter(({ affairs }) => affairs.length > 0),
  );
}

try {
  const keys = pinned('servers.json');
  await operateLines(
    'servers',
    plan.servers.map(({ id, kind, url }) => ({ id, kind, url, ...keys[id] })),
  );
  await enterLaw();
  await enterAgencies();
} finally {
  await client.close();
}
