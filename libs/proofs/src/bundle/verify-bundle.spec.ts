import { describe, expect, it } from '@jest/globals';
import { COSIGNATURE_V1, formatNote, parseNote } from '../notes/signed-note.js';
import { assembleBundle } from './assemble-bundle.js';
import type { AuditBundle, BundleLog } from './audit-bundle.js';
import {
  AT,
  ASKS,
  bundleOf,
  EXCHANGE,
  facts,
  FixedKey,
  FixtureLog,
  MADE_AT,
  recordExchange,
  SALT,
  sealed,
  smallNation,
  trueBundle,
  witness,
} from './bundle.fixture.js';
import { type BundleReport, verifyBundle, type VerifyBundleOptions } from './verify-bundle.js';

const OTHER = '0171f195-dea0-7b8b-962c-953a60d6cf2d';

function report(bundle: unknown, options?: VerifyBundleOptions): BundleReport {
  const verified = verifyBundle(bundle, options);
  if (verified.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(verified.refusal)}`);
  return verified;
}
const codes = (findings: readonly { readonly code: string }[]): readonly string[] => [...new Set(findings.map(({ code }) => code))];
const failures = (bundle: unknown, options?: VerifyBundleOptions): readonly string[] => codes(report(bundle, options).failed);
/** Changes one log of the true bundle. */
const withLog = (party: string, change: (log: BundleLog) => BundleLog, bundle: AuditBundle = trueBundle()): AuditBundle => ({
  ...bundle,
  logs: bundle.logs.map((log) => (log.party === party ? change(log) : log)),
});
const withBytes = (bundle: AuditBundle, at: number, bytes: string): AuditBundle => ({
  ...bundle,
  entries: bundle.entries.map((entry, index) => (index === at ? { ...entry, bytes } : entry)),
});

describe('a true bundle', () => {
  const found = report(JSON.stringify(trueBundle()));

  it('is verified: logs, entries, references and the law', () => {
    expect(found).toMatchObject({ outcome: 'verified', failures: 0, entries: 16, exchanges: 1 });
    expect(codes(found.proved)).toEqual([
      ...['CHECKPOINT_SIGNED', 'CHECKPOINT_WITNESSED', 'ENTRIES_INCLUDED', 'ENTRIES_CANONICAL', 'ENTRIES_WITNESSED', 'RECORDS_OF_ONE_LOG'],
      ...['REVISIONS_UNIQUE', 'RECORDS_WITHOUT_GAP', 'SUBJECT_MATCHES', 'REFERENCES_MATCH', 'FACTS_AGREE', 'LAW_RECORDED', 'DECISION_LAWFUL'],
    ]);
    expect(found.logs[0]).toMatchObject({ size: 11, entries: 11, witnesses: [{ key: witness.vkey, size: 10, timeSeconds: 1_588_896_000 }] });
  });

  it('says what it does not show', () => {
    expect(codes(found.notProved)).toEqual(
      expect.arrayContaining(['KEYS_NOT_PINNED', 'NOT_WITNESSED', 'COMPLETENESS', 'VALUES', 'LAW_CONTENT', 'TIMES', 'STATEMENTS', 'IDENTIFIER_NOT_CHECKED']),
    );
    expect(found.keysPinned).toBe(false);
  });

  it('is the same whether text, bytes, laid out otherwise, or parsed', () => {
    const bundle = trueBundle();
    const text = JSON.stringify(bundle);
    for (const input of [new TextEncoder().encode(text), `${text}\n`, JSON.stringify(bundle, null, 2), JSON.parse(text)]) expect(report(input)).toEqual(found);
  });
});

describe('keys', () => {
  const keysOf = (bundle: AuditBundle): string[] => bundle.logs.flatMap(({ keys }) => keys);

  it('are pinned where the auditor brought one of each log', () => {
    const found = report(trueBundle(), { expectedKeys: keysOf(trueBundle()) });
    expect(found).toMatchObject({ outcome: 'verified', keysPinned: true });
    expect(codes(found.notProved)).not.toContain('KEYS_NOT_PINNED');
  });
  it('fail where a log is signed by others than those that the auditor brought', () => {
    expect(failures(trueBundle(), { expectedKeys: keysOf(trueBundle()).slice(1) })).toEqual(['KEY_NOT_EXPECTED']);
  });
  it('hold by a witness that the auditor knows, as far as it cosigned', () => {
    const nation = smallNation();
    recordExchange(nation);
    const bundled = (size: number): AuditBundle =>
      assembleBundle({ kind: 'exchange', exchange: EXCHANGE }, MADE_AT, [nation.core.bundled([...nation.core.entries.keys()], [witness], size)]);
    expect(failures(bundled(nation.core.entries.length), { expectedKeys: [witness.vkey] })).toEqual([]);
    expect(failures(bundled(nation.core.entries.length - 1), { expectedKeys: [witness.vkey] })).toEqual(['KEY_NOT_EXPECTED']);
  });
  it('are refused where the auditor mistyped one', () => {
    expect(verifyBundle(trueBundle(), { expectedKeys: ['nonsense'] })).toEqual({ outcome: 'refused', refusal: { code: 'EXPECTED_KEY_MALFORMED', at: '0' } });
  });
  it('fail where a thief signs under a key of its own that it calls by the same name', () => {
    const nation = smallNation();
    recordExchange(nation);
    nation.core.keys[0] = new FixedKey(nation.core.origin, undefined, 'a thief');
    const forged = bundleOf(nation);
    expect(failures(forged)).toEqual([]); // the file vouches for itself
    expect(failures(forged, { expectedKeys: keysOf(trueBundle()) })).toContain('KEY_NOT_EXPECTED');
  });
});

describe('checkpoints', () => {
  const [core] = trueBundle().logs as [BundleLog];
  it.each([
    ['of another log', 'core', { checkpoint: trueBundle().logs[1]?.checkpoint ?? '' }, 'CHECKPOINT_OF_ANOTHER_LOG'],
    ['under no key of the log', 'core', { keys: [] }, 'CHECKPOINT_UNSIGNED'],
    ['that is no note', 'core', { checkpoint: 'nonsense' }, 'CHECKPOINT_MALFORMED'],
    ['of a party that is not in the origin', 'core', { party: 'is-east' }, 'CHECKPOINT_OF_ANOTHER_LOG'],
    ['with another size than was signed', 'is-east', { checkpoint: (trueBundle().logs[1]?.checkpoint ?? '').replace('\n3\n', '\n4\n') }, 'SIGNATURE_BAD'],
    ['with a malformed key beside', 'core', { keys: [...core.keys, 'x+00000000+AAAA'] }, 'KEY_MALFORMED'],
    [
      'that does not continue the cosigned one',
      'core',
      { cosigned: { checkpoint: core.cosigned?.checkpoint ?? '', consistency: [] } },
      'COSIGNED_INCONSISTENT',
    ],
  ])('fail %s', (_what, party, change, code) => {
    expect(failures(withLog(party, (log) => ({ ...log, ...change })))).toContain(code);
  });
  it('fail under a cosignature of another time than was signed', () => {
    const note = parseNote(core.cosigned?.checkpoint ?? '');
    if (!note) throw new Error('the fixture has no cosigned checkpoint');
    // the eighth byte is the last of the time
    const later = note.signatures.map((one) =>
      one.name === 'renkei.example/if-north' ? { ...one, signature: one.signature.map((byte, at) => (at === 7 ? byte + 1 : byte)) } : one,
    );
    const cosigned = { checkpoint: formatNote({ ...note, signatures: later }), consistency: core.cosigned?.consistency ?? [] };
    expect(failures(withLog('core', (log) => ({ ...log, cosigned })))).toEqual(['COSIGNATURE_BAD']);
  });
  it('say nothing by signatures of keys that are not in the file, nor by a log that cosigns itself', () => {
    const found = report(withLog('core', (log) => ({ ...log, witnesses: [] })));
    expect(codes(found.notProved)).toContain('SIGNATURE_OF_UNKNOWN_KEY');
    const itself = new FixedKey('renkei.example/core', COSIGNATURE_V1);
    const nation = smallNation();
    recordExchange(nation);
    const alone = report(assembleBundle({ kind: 'exchange', exchange: EXCHANGE }, MADE_AT, [nation.core.bundled([...nation.core.entries.keys()], [itself])]));
    expect(alone.logs[0]?.witnesses).toEqual([]);
  });
  it('fail where logs are of two deployments', () => {
    const nation = { ...smallNation(), east: new FixtureLog('is-east', undefined, 'elsewhere.example') };
    recordExchange(nation);
    expect(failures(bundleOf(nation))).toEqual(['DEPLOYMENTS_MIXED']);
  });
});

describe('entries', () => {
  it('fail with other bytes, another index or another path', () => {
    const bundle = trueBundle();
    const bytes = bundle.entries[11]?.bytes ?? '';
    expect(failures(withBytes(bundle, 11, bytes.replace('2020', '2021')))).toContain('ENTRY_NOT_INCLUDED');
    const [, second] = bundle.entries;
    const swapped = bundle.entries.map((entry, at) => (at === 0 && second ? { ...entry, path: second.path } : entry));
    expect(failures({ ...bundle, entries: swapped })).toContain('ENTRY_NOT_INCLUDED');
    const longer = bundle.entries.map((entry, at) => (at === 0 ? { ...entry, path: [...entry.path, 0] } : entry));
    expect(failures({ ...bundle, entries: longer })).toContain('ENTRY_NOT_INCLUDED');
  });

  const recorded = (change: (nation: ReturnType<typeof smallNation>) => void): readonly string[] => {
    const nation = smallNation();
    recordExchange(nation);
    change(nation);
    return failures(bundleOf(nation));
  };
  const envelope = (stream: string, revision: number) => ({ stream, revision, at: AT });
  const submission = { ...facts, subject: sealed('1'), identifier: sealed('x'), queryDigest: 'd', subjectStream: 'x' };

  it('fail in a log that is not theirs', () => {
    expect(recorded(({ east }) => east.record(envelope('agency-0220101100201700', 0), { type: 'AgencySuspended', data: { reason: 'x' } }))).toContain(
      'ENTRY_IN_WRONG_LOG',
    );
    expect(recorded(({ core }) => core.record(envelope(`query-${OTHER}`, 0), { type: 'QuerySubmitted', data: submission }))).toContain('ENTRY_IN_WRONG_LOG');
  });
  it('fail in a stream that is not theirs', () => {
    expect(recorded(({ core }) => core.record(envelope('opening-union', 0), { type: 'AgencySuspended', data: { reason: 'x' } }))).toEqual([
      'ENTRY_IN_WRONG_STREAM',
    ]);
  });
  it('fail where a revision was recorded twice, or a log holds bytes that are not canonical', () => {
    expect(
      recorded(({ core }) =>
        core.record(envelope(`exchange-${EXCHANGE}`, 1), { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } }),
      ),
    ).toContain('REVISION_TWICE');
    expect(recorded(({ west }) => west.add(` ${west.entries[0] ?? ''}`))).toContain('ENTRY_NOT_CANONICAL');
    expect(recorded(({ west }) => west.add((west.entries[0] ?? '').replace('"data":{', '"data":{"affair":"JM99000000000099",')))).toContain(
      'ENTRY_NOT_CANONICAL',
    );
    expect(recorded(({ west }) => west.add((west.entries[0] ?? '').replace(AT, '2020-05-32T00:00:00.000Z')))).toContain('ENTRY_NOT_CANONICAL');
  });
  it('fail where one record of an exchange lies in two logs, or one id names two entries', () => {
    expect(recorded(({ east, west }) => west.add(east.entries[0] ?? ''))).toEqual(expect.arrayContaining(['RECORD_IN_SEVERAL_LOGS', 'EVENT_ID_TWICE']));
  });
  it('are not interpreted where their type is not known, and prove nothing but themselves', () => {
    const nation = smallNation();
    recordExchange(nation);
    nation.core.add('{"type":"SomethingLater","revision":0,"at":"2020-05-08T00:01:03.000Z","v":1}');
    const found = report(bundleOf(nation));
    expect({ outcome: found.outcome, told: codes(found.notProved).includes('ENTRY_NOT_INTERPRETED') }).toEqual({ outcome: 'verified', told: true });
  });
});

describe('the three records', () => {
  const nationWith = (otherwise: Parameters<typeof recordExchange>[2]) => {
    const nation = smallNation();
    recordExchange(nation, EXCHANGE, otherwise);
    return nation;
  };
  const isOf = (text: string, party: string) => {
    const nation = nationWith({});
    return (log: string, index: number): boolean =>
      log === party && ({ core: nation.core, 'is-east': nation.east, 'is-west': nation.west }[log]?.entries[index] ?? '').includes(text);
  };

  it('fail where a fact or a citation differs', () => {
    expect(failures(bundleOf(nationWith({ received: { digest: 'other' } })))).toEqual(['FACT_CONFLICTS']);
    expect(failures(bundleOf(nationWith({ received: { providerLeaf: 'AAAA' } })))).toEqual(['REFERENCE_CONFLICTS']);
    expect(failures(bundleOf(nationWith({ permit: { period: '2019' } })))).toEqual(['FACT_CONFLICTS']);
  });
  it('fail where one has a gap, or lacks what another cites', () => {
    expect(failures(bundleOf(nationWith({}), isOf('"QueryDecisionReceived"', 'is-east')))).toContain('REVISION_MISSING');
    const told = report(bundleOf(nationWith({}), isOf('"ProvisionMade"', 'is-west')));
    expect(told.failed).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'RECORD_MISSING', exchange: EXCHANGE, what: 'provider: ProvisionMade' })]),
    );
  });
  it('fail where one holds what this exchange cannot have', () => {
    const nation = nationWith({});
    nation.core.record(
      { stream: `exchange-${EXCHANGE}`, revision: 3, at: AT },
      { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } },
    );
    expect(failures(bundleOf(nation))).toContain('RECORD_UNEXPECTED');
  });
  it('are not shown where the bundle does not hold one of them', () => {
    const found = report(bundleOf(nationWith({}), (party) => party === 'is-west'));
    expect({ outcome: found.outcome, failed: found.failed }).toEqual({ outcome: 'verified', failed: [] });
    expect(found.notProved).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'RECORD_NOT_IN_BUNDLE', what: 'provider' })]));
  });
});

describe('the decision', () => {
  const decided = (permit: object, leftOut?: (party: string, index: number) => boolean): BundleReport => {
    const nation = smallNation();
    recordExchange(nation, EXCHANGE, { permit });
    return report(bundleOf(nation, leftOut));
  };
  const basis = { requester: 1, provider: 1, matrix: 2, openings: [{ stream: 'opening-municipality', revision: 0 }] };

  it.each([
    ['another affair than the item has', { affair: 'JM99000000000099' }, 'AFFAIR_NOT_IN_TABLE'],
    ['another information than the item grants', { information: 'TM00000000000003' }, 'INFORMATION_NOT_IN_ITEM'],
    ['another grant of the item', { grant: 1 }, 'grant'],
    ['an item that was not open', { item: '58', affair: 'JM99000000000016' }, 'NOT_YET_OPEN'],
    ['an assessment that was not published', { basis: { ...basis, requester: 0 } }, 'ASSESSMENT_UNPUBLISHED_REQUESTER'],
    ['one agency on both sides', { provider: ASKS }, 'SAME_AGENCY'],
    ['a table that was not enacted yet', { basis: { ...basis, matrix: 1 } }, 'NO_TABLE_IN_FORCE'],
  ])('fails for %s', (_what, permit, code) => {
    const { failed } = decided(permit);
    expect(failed).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'DECISION_UNLAWFUL', what: code })]));
  });

  it.each([
    ['the item', (index: number) => index === 4, 'LAW_NOT_IN_BUNDLE'],
    ['what closes the version', (index: number) => index === 6, 'LAW_NOT_IN_BUNDLE'],
    ['the openings', (index: number) => index === 7, 'REGISTER_NOT_IN_BUNDLE'],
    ['an agency', (index: number) => index === 2 || index === 3, 'REGISTER_NOT_IN_BUNDLE'],
  ])('is not checked without %s in the bundle', (_what, leftOut, code) => {
    const { failed, notProved, proved } = decided({}, (party, index) => party === 'core' && leftOut(index));
    expect(failed).toEqual([]);
    expect(codes(notProved)).toContain(code);
    expect(codes(proved)).not.toContain('DECISION_LAWFUL');
  });

  it('is not checked where the decision knew of a repeal that the bundle does not hold', () => {
    expect(codes(decided({ basis: { ...basis, matrix: 3 } }).notProved)).toContain('LAW_NOT_IN_BUNDLE');
  });
  it('must stand first in the record of the core', () => {
    const nation = smallNation();
    nation.core.record(
      { stream: `exchange-${EXCHANGE}`, revision: 0, at: AT },
      { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } },
    );
    expect(failures(bundleOf(nation))).toContain('RECORD_WITHOUT_DECISION');
  });
});

describe('the subject', () => {
  const about = (subject: AuditBundle['about']): readonly string[] => failures({ ...trueBundle(), about: subject });
  const subjectStream = 'a24de25675b3d2f8aabdbcbe287683cc';
  it.each<[string, AuditBundle['about'], readonly string[]]>([
    ['this exchange', { kind: 'exchange', exchange: EXCHANGE }, []],
    ['another exchange', { kind: 'exchange', exchange: OTHER }, ['SUBJECT_MISMATCH']],
    ['this person', { kind: 'person', agency: ASKS, subjectStream }, []],
    ['another person', { kind: 'person', agency: ASKS, subjectStream: subjectStream.replace('a', 'b') }, ['SUBJECT_MISMATCH']],
    ['this agency and period', { kind: 'agency', agency: ASKS, from: AT, to: MADE_AT }, []],
    ['a period that ends before', { kind: 'agency', agency: ASKS, from: '2020-01-01T00:00:00.000Z', to: AT }, ['SUBJECT_MISMATCH']],
    ['another agency', { kind: 'agency', agency: '9900090000010000', from: AT, to: MADE_AT }, ['SUBJECT_MISMATCH']],
  ])('%s', (_what, subject, expected) => expect(about(subject)).toEqual(expected));
});

describe('disclosures', () => {
  const opened = (entry: number, field: string, value: string, salt = SALT) => ({ entry, field, salt, value });
  const disclosed = (...disclosures: readonly ReturnType<typeof opened>[]): BundleReport => report({ ...trueBundle(), disclosures });
  // entries 8, 11 and 14: QueryPermitted, QuerySubmitted, ProvisionDemanded
  it('open commitments in the proven bytes, and the records agree about the person', () => {
    const found = disclosed(
      opened(8, 'requesterSubject', 'asks'),
      opened(8, 'providerSubject', 'answers'),
      opened(11, 'identifier', 'asks'),
      opened(14, 'identifier', 'answers'),
    );
    expect(found.failed).toEqual([]);
    expect(found.proved).toEqual(
      expect.arrayContaining([
        { code: 'DISCLOSURES_MATCH', count: 4 },
        { code: 'PERSON_AGREES', count: 2 },
      ]),
    );
  });
  it.each([
    ['another value', opened(8, 'requesterSubject', 'other')],
    ['another salt', opened(8, 'requesterSubject', 'asks', 'BAAAAAAAAAAAAAAAAAAAAA')],
    ['a field that is not protected', opened(8, 'period', '2020')],
    ['a field that is not there', opened(8, 'constructor', 'asks')],
    ['an entry without such', opened(0, 'requesterSubject', 'asks')],
  ])('fail with %s', (_what, disclosure) => expect(codes(disclosed(disclosure).failed)).toEqual(['DISCLOSURE_MISMATCH']));
});
