import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countHistory, type OutcomeCounts, OUTCOMES, type Statistics } from '#libs/audit';
import type { AgencyClass } from '#libs/domain';
import { embeddedIn } from '#libs/event-store';
import { type Message, plusMs } from '#libs/kernel';
import type { CountDimension, ExchangeCount } from '#libs/read-models';
import { core, exchangeId, facts, TestParty } from '../../libs/read-models/src/party.fixture.js';

const START = '2020-04-29T00:00:00.000Z';
const HOUR_MS = 3_600_000;
const AGENCIES: readonly (readonly [code: string, name: AgencyClass])[] = [
  ['9900000000000001', 'municipality'],
  ['9900000000000002', 'prefecture'],
  ['9900000000000003', 'municipality'],
];
const UNKNOWN = '9900000000000009';

const registered = ([code, name]: (typeof AGENCIES)[number]): Message => ({
  type: 'AgencyRegistered',
  data: {
    code,
    name: code,
    class: name,
    institution: true,
    codeHolder: true,
    welfareOffice: true,
    healthCentre: false,
    placeholder: true,
    official: false,
    role: 'participant',
  },
});

/** What may follow a permit. */
const AFTER = (at: string): readonly (readonly Message[])[] => [
  [],
  [core.impossible()],
  [core.held(at)],
  [core.provided(at)],
  [core.provided(at), core.received(at)],
  [core.received(at), core.provided(at)],
  [core.received(at)],
  [core.held(at), core.provided(at), core.received(at)],
  [core.notProvided(at)],
  [core.lapsed(at)],
  [core.held(at), core.lapsed(at), core.provided(at, { late: true })],
  [core.lapsed(at), core.notProvided(at, { late: true })],
  [core.withdrawn(at)],
  [core.withdrawn(at), core.provided(at, { late: true }), core.received(at)],
  [core.notProvided(at), core.lapsed(at)],
];
const story = fc.record({
  after: fc.nat(AFTER('').length),
  hours: fc.integer({ min: 0, max: 100 }),
  requester: fc.constantFrom('9900000000000001', '9900000000000002', UNKNOWN),
  information: fc.constantFrom('TM00000000000001', 'TM00000000000002'),
  procedure: fc.constantFrom(undefined, 'JT99000000000741'),
  affair: fc.constantFrom('JM99000000000074', 'JM99000000000057'),
});
type Story = typeof story extends fc.Arbitrary<infer S> ? S : never;

async function record(party: TestParty, stories: readonly Story[]): Promise<void> {
  const keyId = 'record/core/2020-05';
  for (const agency of AGENCIES) await party.record({ stream: `agency-${agency[0]}`, events: [registered(agency)], at: START, keyId });
  const waiting: { stream: string; events: Message[]; at: string }[] = [];
  for (const [number, { after, hours, procedure, ...asked }] of stories.entries()) {
    const at = plusMs(START, hours * HOUR_MS);
    const query = facts({ ...asked, requestedAt: at, ...(procedure === undefined ? {} : { procedure }) });
    const stream = `exchange-${exchangeId(number)}`;
    const followers = AFTER(at)[after];
    const identifier = party.cipher.issue(query.requester, party.cipher.linkOf('12345678901'), 1);
    await party.record({ stream, events: [followers === undefined ? core.denied(identifier, query) : core.permitted(identifier, query)], at, keyId });
    waiting.push({ stream, events: [...(followers ?? [])], at });
    // what follows of one comes between the others' events
    const one = waiting[(number * 7) % waiting.length];
    const next = one?.events.shift();
    if (one !== undefined && next !== undefined) await party.record({ stream: one.stream, events: [next], at: one.at, keyId });
  }
  for (const { stream, events, at } of waiting) for (const event of events) await party.record({ stream, events: [event], at, keyId });
}

type Sums = Readonly<Record<string, number>>;
/** Exchanges by a name and how they came out, from what either tells. */
const sumsOf = (rows: readonly (readonly [name: string, outcomes: OutcomeCounts])[]): Sums => {
  const sums: Record<string, number> = {};
  for (const [name, outcomes] of rows)
    for (const outcome of OUTCOMES) if (outcomes[outcome]) sums[`${name} ${outcome}`] = (sums[`${name} ${outcome}`] ?? 0) + outcomes[outcome];
  return sums;
};
const told = (dimension: CountDimension, rows: readonly ExchangeCount[]): Sums =>
  Object.fromEntries(rows.map((row) => [`${row[dimension]} ${row.outcome}`, row.exchanges]));

function counted(statistics: Statistics): Readonly<Record<Exclude<CountDimension, 'outcome'>, Sums>> {
  return {
    month: sumsOf(statistics.months.map(({ month, outcomes }) => [month, outcomes])),
    procedure: sumsOf(statistics.procedures.map(({ procedure, outcomes }) => [procedure, outcomes])),
    information: sumsOf(statistics.informations.map(({ information, outcomes }) => [information, outcomes])),
    requesterClass: sumsOf(statistics.classes.map((row) => [row.class, row.outcomes])),
  };
}

describe('the statistics of a record', () => {
  let parties: TestParty[];
  beforeEach(() => void (parties = []));
  afterEach(async () => {
    for (const party of parties) await party.close();
  });

  it("equal the core's own, by month, procedure, information and class of the requester, in every period", async () => {
    const period = fc.constantFrom({}, { from: '2020-05', to: '2020-05' });
    await fc.assert(
      fc.asyncProperty(fc.array(story, { minLength: 1, maxLength: 40 }), period, async (stories, { from, to }) => {
        const party = await TestParty.open('core');
        parties.push(party);
        await record(party, stories);
        const days = from === undefined ? {} : { from: `${from}-01`, to: '2020-06-01' };
        const own = counted(await countHistory({ location: embeddedIn(party.directory), threads: 0, ...days }));
        const models = party.models();
        try {
          for (const dimension of ['month', 'procedure', 'information', 'requesterClass'] as const) {
            const by = [dimension, 'outcome'] as const;
            const { rows } = await models.ask('statistics', { by, from, to, limit: 1_000 }, { atLeast: party.position, timeoutMs: 60_000 });
            expect([dimension, own[dimension]]).toEqual([dimension, told(dimension, rows)]);
          }
        } finally {
          await models.close();
        }
      }),
      { numRuns: 10 },
    );
  });
});
