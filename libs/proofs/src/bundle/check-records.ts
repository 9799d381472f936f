import { type FindingCode, reconcile } from '#libs/domain';
import type { BundleDisclosure, BundleSubject } from './audit-bundle.js';
import { sha256 } from '../hashing/noble-hasher.js';
import { fromBase64 } from '../notes/base64.js';
import { joined } from '../notes/signed-note.js';
import { sameHash } from '../tree/hasher.js';
import type { FailedCode, Findings } from './findings.js';
import type { ProvenEvent } from './read-entries.js';
import type { ExchangeRecords } from './streams.js';

/** What a finding of reconciliation is called here. */
const FAILURE_OF: Readonly<Record<Exclude<FindingCode, 'RECORD_GAP'>, FailedCode>> = {
  RECORD_MISSING: 'RECORD_MISSING',
  RECORD_UNEXPECTED: 'RECORD_UNEXPECTED',
  RECORD_REPEATED: 'RECORD_UNEXPECTED',
  FACT_DIFFERS: 'FACT_CONFLICTS',
  CITATION_DIFFERS: 'REFERENCE_CONFLICTS',
};

/**
 * Holds the three records of each exchange against each other (the rule of reconciliation). A record that another one
 * cites and that its party's stream lacks is a failure; one that the bundle does not hold at all is only not shown.
 */
export function checkRecords(exchanges: readonly ExchangeRecords[], findings: Findings): void {
  for (const { exchange, requester, core, provider } of exchanges) {
    const all = [...(requester ?? []), ...(core ?? []), ...(provider ?? [])];
    const now = all.reduce((newest, { event }) => (event.at > newest ? event.at : newest), '');
    const verdict = reconcile({ requester, core, provider }, { now, patienceMs: 0 });
    findings.proved('REFERENCES_MATCH', verdict.compared.references);
    findings.proved('FACTS_AGREE', verdict.compared.facts);
    for (const { code, parties, field, citedBy } of verdict.findings) {
      if (code === 'RECORD_GAP') continue; // told of the stream itself
      if (code === 'RECORD_MISSING' && citedBy === undefined) findings.notProved('RECORD_STILL_TO_COME', 1, { exchange });
      else findings.fail(FAILURE_OF[code], { exchange, what: `${parties.join(', ')}: ${field}` });
    }
    findings.notProved('RECORD_STILL_TO_COME', verdict.awaited.length > 0 ? 1 : 0, { exchange });
    for (const role of verdict.notAtHand) findings.notProved('RECORD_NOT_IN_BUNDLE', 1, { exchange, what: role });
  }
}

type Data = Readonly<Record<string, unknown>>;
const dataOf = ({ event }: ProvenEvent): Data => event.data as Data;

/** The entries are about what the bundle says that it is about, and nothing else is among them. */
export function checkSubject(about: BundleSubject, exchanges: readonly ExchangeRecords[], findings: Findings): void {
  const strangers = exchanges.filter((records) => !isAbout(about, records));
  for (const { exchange } of strangers) findings.fail('SUBJECT_MISMATCH', { exchange });
  findings.proved('SUBJECT_MATCHES', exchanges.length - strangers.length);
  if (about.kind === 'exchange' && exchanges.length === 0) findings.fail('SUBJECT_MISMATCH', { exchange: about.exchange });
}

function isAbout(about: BundleSubject, { exchange, requester, core, provider }: ExchangeRecords): boolean {
  const firsts: readonly (ProvenEvent | undefined)[] = [requester?.[0], core?.[0], provider?.[0]];
  const some = (test: (data: Data, one: ProvenEvent) => boolean): boolean => firsts.some((one) => one !== undefined && test(dataOf(one), one));
  switch (about.kind) {
    case 'exchange':
      return exchange === about.exchange;
    case 'person':
      return some(({ subjectStream }, { event }) => event.agency === about.agency && subjectStream === about.subjectStream);
    case 'agency':
      return some(
        ({ requester: asks, requesterInstitution, provider: answers, providerInstitution, requestedAt }) =>
          [asks, requesterInstitution, answers, providerInstitution].includes(about.agency) &&
          typeof requestedAt === 'string' &&
          requestedAt >= about.from &&
          requestedAt < about.to,
      );
  }
}

const fromBase64Url = (text: string): Uint8Array | undefined =>
  fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4));

/** True where this salt and value are what the commitment was made from (format.md §2). */
function opens(commitment: string, { salt, value }: BundleDisclosure): boolean {
  const [saltBytes, committed] = [fromBase64Url(salt), fromBase64Url(commitment)];
  return saltBytes !== undefined && committed !== undefined && sameHash(sha256(joined(saltBytes, new TextEncoder().encode(value))), committed);
}

/** What was disclosed is what the commitments in the proven bytes were made from; the records agree about the person. */
export function checkDisclosures(
  disclosures: readonly BundleDisclosure[],
  entries: readonly ProvenEvent[],
  exchanges: readonly ExchangeRecords[],
  findings: Findings,
): void {
  const byEntry = new Map(entries.map((one) => [one.entry, one]));
  const opened = new Map<string, string>();
  for (const disclosure of disclosures) {
    const { entry, field, value } = disclosure;
    const one = byEntry.get(entry);
    const sealed = one && Object.hasOwn(dataOf(one), field) ? (dataOf(one)[field] as { readonly commitment?: unknown } | null) : undefined;
    const commitment = typeof sealed === 'object' ? sealed?.commitment : undefined;
    if (typeof commitment !== 'string' || !opens(commitment, disclosure)) findings.fail('DISCLOSURE_MISMATCH', { entry, what: field });
    else {
      findings.proved('DISCLOSURES_MATCH');
      opened.set(`${entry} ${field}`, value);
    }
  }
  for (const { exchange, requester, core, provider } of exchanges) {
    const same = (what: string, cores: string, other: ProvenEvent | undefined): void => {
      const [a, b] = [core?.[0] && opened.get(`${core[0].entry} ${cores}`), other && opened.get(`${other.entry} identifier`)];
      if (a === undefined || b === undefined) return;
      if (a === b) findings.proved('PERSON_AGREES');
      else findings.fail('PERSON_CONFLICTS', { exchange, what });
    };
    same('requester', 'requesterSubject', requester?.[0]);
    same('provider', 'providerSubject', provider?.[0]);
  }
}
