import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnyEvent, type Exchange, EXCHANGES, leafOf, VALID_UNTIL } from './exchanges.fixture.js';
import type { Finding } from './judgement.js';
import { reconcile, SHARED_FACTS } from './reconcile.js';
import { type Kept, type Role, ROLES } from './records.js';

const LONG_AFTER = { now: '2020-06-01T00:00:00.000Z', patienceMs: 60_000 };
type Name = keyof typeof EXCHANGES;
const NAMES = Object.keys(EXCHANGES) as Name[];

/** The same exchange without some records. */
function without(exchange: Exchange, role: Role, ...types: readonly string[]): Exchange {
  return { ...exchange, [role]: (exchange[role] as readonly Kept[]).filter(({ event }) => !types.includes(event.type)) };
}
/** The same exchange with another value in one record, whose bytes and leaf hash are others then. */
function altered(exchange: Exchange, role: Role, type: string, change: object): Exchange {
  const records = (exchange[role] as readonly Kept[]).map((kept) => {
    if (kept.event.type !== type) return kept;
    const event = { ...kept.event, data: { ...(kept.event.data as object), ...change } };
    return { event, leaf: leafOf(event) };
  });
  return { ...exchange, [role]: records };
}
const told = ({ code, parties, field, citedBy }: Finding): string => `${code} ${parties.join('+')} ${field}${citedBy === undefined ? '' : ` (${citedBy})`}`;
const findings = (exchange: Exchange, patience = LONG_AFTER): string[] => reconcile(exchange, patience).findings.map(told).sort();

describe('three records of one exchange that agree', () => {
  it.each<[Name, string, boolean]>([
    ['provided', 'provided', false],
    ['provided by an official', 'provided', false],
    ['provided in time, recorded late', 'provided', true],
    ['denied', 'denied', false],
    ['impossible', 'impossible', false],
    ['not provided', 'not-provided', false],
    ['withdrawn', 'withdrawn', true],
    ['withdrawn while the answer was on its way', 'withdrawn', true],
    ['lapsed, the provider out of reach', 'lapsed', false],
    ['lapsed while held', 'lapsed', false],
    ['withdrawn before it was sent', 'withdrawn', false],
    ['refused as a line', 'refused', false],
  ])('match: %s', (name, outcome, late) => {
    const { compared: _, ...verdict } = reconcile(EXCHANGES[name](), LONG_AFTER);
    expect(verdict).toEqual({ status: 'matched', outcome, late, findings: [], awaited: [], notAtHand: [] });
  });

  it('are compared in every shared fact and in every reference', () => {
    const { facts, references } = reconcile(EXCHANGES.provided(), LONG_AFTER).compared;
    // queryLeaf; decisionLeaf of decision, demand and receipt; providerLeaf at core and requester; requesterLeaf
    expect(references).toBe(7);
    expect(facts).toBeGreaterThan(SHARED_FACTS.filter((name) => name in EXCHANGES.provided().core[0]!.event.data).length);
  });
});

describe('a record that is missing', () => {
  const provided = EXCHANGES.provided();

  it('is missed at the requester, whose query the core cites', () => {
    expect(findings({ ...provided, requester: [] })).toEqual([
      'RECORD_MISSING requester ProvisionReceived (core)',
      'RECORD_MISSING requester QueryDecisionReceived',
      'RECORD_MISSING requester QuerySubmitted (core)',
    ]);
  });
  it('is missed at the core, whose permit both others cite', () => {
    expect(findings({ ...provided, core: [] })).toEqual([
      'RECORD_MISSING core ProvisionRecorded',
      'RECORD_MISSING core QueryPermitted (requester)',
      'RECORD_MISSING core ReceiptRecorded',
    ]);
  });
  it('is missed at the core, where the requester has submitted and nothing came of it', () => {
    const submitted = { requester: provided.requester.slice(0, 1), core: [], provider: [] };
    expect(findings(submitted)).toEqual(['RECORD_MISSING core QueryPermitted|QueryDenied']);
  });
  it('is missed at the provider, whose provision both others cite', () => {
    expect(findings({ ...provided, provider: [] })).toEqual(['RECORD_MISSING provider ProvisionMade (core)']);
  });
  it('is missed where a provision is cited nowhere', () => {
    const unheard = without(without(provided, 'core', 'ProvisionRecorded', 'ReceiptRecorded'), 'requester', 'ProvisionReceived');
    expect(findings(unheard)).toEqual(['RECORD_MISSING core ProvisionRecorded', 'RECORD_MISSING requester ProvisionReceived']);
  });
  it('is missed at the requester, whose receipt the core cites', () => {
    expect(findings(without(provided, 'requester', 'ProvisionReceived'))).toEqual(['RECORD_MISSING requester ProvisionReceived (core)']);
  });
  it('is missed at the core where the permit has run out without an end', () => {
    expect(findings(without(EXCHANGES['lapsed, the provider out of reach'](), 'core', 'QueryLapsed'))).toEqual(['RECORD_MISSING core QueryLapsed (requester)']);
    const silent = without(without(EXCHANGES['lapsed while held'](), 'core', 'QueryLapsed'), 'requester', 'QueryEnded');
    expect(findings(silent)).toEqual(['RECORD_MISSING core QueryLapsed']);
  });
  it('is missed at the core where a withdrawal left no trace', () => {
    const silent = without(EXCHANGES.withdrawn(), 'core', 'QueryWithdrawalRecorded', 'NoProvisionRecorded');
    expect(findings(without(silent, 'provider', 'ProvisionNotMade'))).toEqual(['RECORD_MISSING core QueryWithdrawalRecorded']);
  });
  it('shows in a record’s own revisions', () => {
    expect(findings(without(EXCHANGES['provided by an official'](), 'provider', 'ProvisionReleased'))).toEqual([
      'FACT_DIFFERS provider automatic',
      'RECORD_GAP provider revision',
    ]);
  });
});

describe('records that contradict each other', () => {
  const provided = EXCHANGES.provided();

  it('name the one that differs from the two others', () => {
    expect(findings(altered(provided, 'provider', 'ProvisionDemanded', { period: '2019' }))).toEqual(['FACT_DIFFERS provider period']);
    expect(findings(altered(provided, 'core', 'ProvisionRecorded', { digest: 'other' }))).toEqual(['FACT_DIFFERS core digest']);
    expect(findings(altered(provided, 'core', 'ProvisionRecorded', { nonDisclosure: true }))).toEqual(['FACT_DIFFERS core provider.nonDisclosure']);
  });
  it('name both where there are but two', () => {
    expect(findings(altered(provided, 'core', 'ReceiptRecorded', { receivedAt: VALID_UNTIL }))).toEqual(['FACT_DIFFERS requester+core receivedAt']);
  });
  it('name the citation and the fact where cited bytes are others', () => {
    expect(findings(altered(provided, 'provider', 'ProvisionMade', { items: [] }))).toEqual([
      'CITATION_DIFFERS core+provider providerLeaf',
      'CITATION_DIFFERS requester+provider providerLeaf',
      'FACT_DIFFERS provider items',
    ]);
  });
  it('are late where they are recorded late, and contradict where the flag does not say so', () => {
    const late = EXCHANGES['provided in time, recorded late']();
    expect(findings(altered(late, 'core', 'ProvisionRecorded', { late: false }))).toEqual(['FACT_DIFFERS core late']);
  });
  it('hold what the course of the exchange does not allow', () => {
    expect(findings({ ...EXCHANGES.denied(), provider: provided.provider })).toContain('RECORD_UNEXPECTED provider ProvisionMade');
    expect(findings({ ...EXCHANGES.impossible(), provider: provided.provider })).toContain('RECORD_UNEXPECTED provider ProvisionDemanded');
    expect(findings({ ...EXCHANGES.denied(), requester: [...EXCHANGES.denied().requester, ...provided.requester.slice(2)] })).toContain(
      'RECORD_UNEXPECTED requester ProvisionReceived',
    );
  });
  it('hold one thing twice', () => {
    expect(findings({ ...provided, core: [...provided.core, provided.core[1]!] })).toEqual(['RECORD_REPEATED core ProvisionRecorded']);
  });
  it('are filed under another agency', () => {
    const moved = provided.requester.map(({ event, leaf }) => ({ event: { ...event, agency: 'Z' }, leaf }));
    expect(findings({ ...provided, requester: moved })).toEqual(['FACT_DIFFERS requester agency']);
  });
});

describe('an exchange that is under way', () => {
  const soon = { now: '2020-05-08T00:00:30.000Z', patienceMs: 60_000 };
  const provided = EXCHANGES.provided();

  it('awaits what is young enough, and finds nothing', () => {
    const asked = { requester: provided.requester.slice(0, 1), core: [], provider: [] };
    expect(reconcile(asked, soon)).toMatchObject({
      status: 'unmatched',
      outcome: 'open',
      findings: [],
      awaited: [{ party: 'core', record: 'QueryPermitted|QueryDenied', since: '2020-05-08T00:00:00.000Z' }],
    });
  });
  it('awaits the answer until the permit has run out', () => {
    const permitted = { requester: provided.requester.slice(0, 2), core: provided.core.slice(0, 1), provider: [] };
    expect(reconcile(permitted, { now: VALID_UNTIL, patienceMs: 60_000 })).toMatchObject({ status: 'unmatched', outcome: 'open', findings: [] });
    expect(findings(permitted)).toEqual(['RECORD_MISSING core QueryLapsed']);
  });
  it('awaits the receipt while the requester is out of reach', () => {
    const sent = { ...provided, requester: provided.requester.slice(0, 2), core: provided.core.slice(0, 2) };
    expect(reconcile(sent, soon)).toMatchObject({ status: 'unmatched', awaited: [{ party: 'requester', record: 'ProvisionReceived' }] });
  });
  it('contradicts at once: a contradiction does not heal', () => {
    expect(findings(altered(provided, 'core', 'ProvisionRecorded', { digest: 'other' }), soon)).toEqual(['FACT_DIFFERS core digest']);
  });
});

describe('a record that is not at hand', () => {
  it.each(ROLES)('of the %s proves nothing missing', (role) => {
    const verdict = reconcile({ ...EXCHANGES.provided(), [role]: undefined }, LONG_AFTER);
    expect(verdict).toMatchObject({ status: 'unmatched', findings: [], notAtHand: [role] });
  });
  it('is not needed of a provider that was never told', () => {
    expect(reconcile({ ...EXCHANGES.denied(), provider: undefined }, LONG_AFTER).status).toBe('matched');
    expect(reconcile({ ...EXCHANGES.impossible(), provider: undefined }, LONG_AFTER).status).toBe('matched');
  });
});

/** Fields that several records keep, beside the leaf hashes that they cite: a change of one shows in whichever record it is. */
const COMPARED = new Set<string>([
  ...SHARED_FACTS,
  ...['table', 'item', 'validUntil', 'permitted', 'reason', 'article', 'exceptionApplied', 'providedAt', 'items', 'digest', 'automatic', 'late', 'receivedAt'],
  ...['endedAt', 'heldAt', 'withdrawnAt', 'cause', 'queryLeaf', 'decisionLeaf', 'providerLeaf', 'requesterLeaf', 'coreLeaf'],
]);
const other = (value: unknown): unknown =>
  typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 1 : Array.isArray(value) ? [...(value as unknown[]), 'x'] : 'another';
/** A cause is kept by the requester as the reason of its end. */
const SHOWN_AS: Readonly<Record<string, string>> = { cause: 'reason' };
/** What one party alone knows: of an end that the core's word or its refusal of a line made, of a withdrawal, a hold, a release. */
const isOwnWord = (name: Name, type: string, field: string): boolean =>
  (type === 'QueryEnded' && (field === 'endedAt' || field === 'nonDisclosure' || name === 'refused as a line') && name !== 'not provided') ||
  (['QueryWithdrawn', 'ProvisionReleased', 'ProvisionHeld'].includes(type) && (field === 'department' || field === 'reason'));

describe('any change of a matched exchange', () => {
  const exchanges = fc.constantFrom(...NAMES);

  it('is found at the party whose record was taken out', () => {
    fc.assert(
      fc.property(exchanges, fc.constantFrom(...ROLES), fc.nat(), (name, role, at) => {
        const exchange = EXCHANGES[name]();
        const records = exchange[role] as readonly Kept[];
        fc.pre(records.length > 0);
        const index = at % records.length;
        // withdrawn before it was sent, refused as a line: what nobody else knows of cannot be missed by anybody
        fc.pre(exchange.core.length > 0 || (index === 0 && records.length > 1));
        const left = { ...exchange, [role]: records.filter((_, other) => other !== index) };
        const { status, findings: found } = reconcile(left, LONG_AFTER);
        expect({ name, status }).toEqual({ name, status: 'found' });
        expect(found.some(({ kind, parties }) => kind === 'missing' && parties.includes(role))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('is found with the field that was altered, or the citation of the bytes', () => {
    fc.assert(
      fc.property(exchanges, fc.constantFrom(...ROLES), fc.nat(), fc.nat(), (name, role, at, which) => {
        const exchange = EXCHANGES[name]();
        fc.pre(exchange.core.length > 0);
        const records = exchange[role] as readonly Kept<AnyEvent>[];
        fc.pre(records.length > 0);
        const { event, leaf } = records[at % records.length] as Kept<AnyEvent>;
        const fields = Object.entries(event.data);
        const [field, value] = fields[which % fields.length] as [string, unknown];
        const isCited = ROLES.some(
          (by) => by !== role && (exchange[by] as readonly Kept[]).some((kept) => Object.values(kept.event.data as object).includes(leaf)),
        );
        const isCompared = COMPARED.has(field) && !isOwnWord(name, event.type, field);
        fc.pre(isCited || isCompared);
        const { status, findings: found } = reconcile(altered(exchange, role, event.type, { [field]: other(value) }), LONG_AFTER);
        expect({ name, role, type: event.type, field, status }).toEqual({ name, role, type: event.type, field, status: 'found' });
        expect(found.some(({ parties }) => parties.includes(role))).toBe(true);
        if (isCompared) expect(found.map((finding) => finding.field.replace('provider.', ''))).toContain(SHOWN_AS[field] ?? field);
      }),
      { numRuns: 800 },
    );
  });

  it('never throws, whatever a party tells', () => {
    const told = fc.array(
      fc.record({
        type: fc.constantFrom('QuerySubmitted', 'QueryDecisionReceived', 'ProvisionReceived', 'QueryEnded', 'Unknown'),
        data: fc.object(),
        revision: fc.nat(5),
        at: fc.string(),
      }),
    );
    fc.assert(
      fc.property(told, (events) => {
        const requester = events.map((event) => ({ event, leaf: leafOf(event) })) as unknown as Exchange['requester'];
        expect(() => reconcile({ ...EXCHANGES.provided(), requester }, LONG_AFTER)).not.toThrow();
      }),
    );
  });
});
