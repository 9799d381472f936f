import type { HmacNames, OpenedIdentifier } from '#libs/cryptography';
import type { DecideQueryLine } from '#libs/protocol';

/** The person as this digest sees them: the link, so that a reissued identifier still names the same query. */
const personOf = (identifier: string, opened: OpenedIdentifier): string =>
  opened.status === 'genuine' ? Buffer.from(opened.link.buffer, opened.link.byteOffset, opened.link.byteLength).toString('hex') : `?${identifier}`;

/** Tells a repeat of a query from another query under the same id (format.md §3): an HMAC, so that nothing of it is told. */
export function queryDigestOf(names: HmacNames, line: DecideQueryLine, opened: OpenedIdentifier): string {
  const facts = [
    line.requester,
    line.requesterInstitution ?? null,
    line.provider,
    line.providerInstitution ?? null,
    personOf(line.requesterIdentifier, opened),
    line.affair,
    line.procedure ?? null,
    line.information,
    line.dataset ?? null,
    line.period ?? null,
    line.department,
    line.nonDisclosure,
    line.applicationId ?? null,
    line.requestedAt,
  ];
  return names.queryDigest(JSON.stringify(facts));
}
