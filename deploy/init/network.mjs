// What both programs of a first start read: the plan of the network, and the public halves of its keys.
import { readFileSync } from 'node:fs';
import { referenceAgencies } from '#libs/reference-data';

/** The value of an environment variable that must be there. */
export function variable(name) {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} must be set`);
  return value;
}

/**
 * The plan of a network: `servers` (id, kind, url), `law` (repeals: whether repeals are entered too) and `agencies`
 * (name as in the reference data, the servers that speak for it, `key`: its public key, or `make` for a trial network).
 */
export function readPlan() {
  return JSON.parse(readFileSync(variable('NETWORK_FILE'), 'utf8'));
}

/** Registration of an agency that the plan names, as the reference data has it. */
export function registrationOf(name) {
  const agency = referenceAgencies().find(({ registration }) => registration.name === name);
  if (agency === undefined) throw new Error(`the plan names ${name}, which is not in the reference data`);
  return agency.registration;
}
