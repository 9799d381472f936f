import { readFileSync } from 'node:fs';
import { DomainError } from '#libs/kernel';

/** One application as the counter took it in. */
export interface Application {
  /** The desk's own number of the case. */
  readonly caseNumber: string;
  readonly children: number;
  /** Whose tax facts are needed: the agency's own numbers of the persons (宛名番号), and the municipality that has them. */
  readonly persons: readonly { readonly inAgencyNumber: string; readonly provider: string }[];
  /** Tax year. */
  readonly period: string;
}

const PERSONS_MAX = 10;
const wrong = (line: number, what: string): DomainError => new DomainError('APPLICATION_INVALID', 'invalid', `application ${line}: ${what}`, { line });
const isText = (value: unknown, pattern: RegExp): value is string => typeof value === 'string' && pattern.test(value);

function applicationOf(value: unknown, line: number): Application {
  const { caseNumber, children, persons, period } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  if (!isText(caseNumber, /^[\w-]{1,40}$/)) throw wrong(line, 'caseNumber is up to 40 letters, digits, - and _');
  if (!Number.isInteger(children) || (children as number) < 1 || (children as number) > 20) throw wrong(line, 'children is a number from 1 to 20');
  if (!isText(period, /^\d{4}$/)) throw wrong(line, 'period is a year');
  if (!Array.isArray(persons) || persons.length < 1 || persons.length > PERSONS_MAX) throw wrong(line, `persons lists 1 to ${PERSONS_MAX}`);
  const read = (persons as readonly unknown[]).map((person) => {
    const { inAgencyNumber, provider } = (typeof person === 'object' && person !== null ? person : {}) as Readonly<Record<string, unknown>>;
    if (!isText(inAgencyNumber, /^\d{1,15}$/)) throw wrong(line, 'inAgencyNumber is up to 15 digits');
    if (!isText(provider, /^\d{16}$/)) throw wrong(line, 'provider is the 16 digits of an agency');
    return { inAgencyNumber, provider };
  });
  return { caseNumber, children: children as number, persons: read, period };
}

/** Applications from a JSON file, a list of them. Throws APPLICATION_INVALID naming the first that is wrong and how, never what stood there. */
export function readApplications(path: string): readonly Application[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new DomainError('APPLICATIONS_UNREADABLE', 'invalid', `${path} cannot be read, or is not JSON`, {}, { cause });
  }
  if (!Array.isArray(value)) throw new DomainError('APPLICATIONS_UNREADABLE', 'invalid', `${path} is no list of applications`);
  return value.map((one, index) => applicationOf(one, index + 1));
}
