import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '#libs/kernel';
import type { Proven, ReceiptLine, RecordTold } from '#libs/protocol';
import { FORGERIES } from './forgeries.fixture.js';
import { CITY_A, CITY_X, CITY_Y, codes, disclosure, MemoryLog, query, TestNetwork, VALID_UNTIL } from './network.fixture.js';

let network: TestNetwork;
beforeEach(async () => (network = await TestNetwork.open()));
afterEach(() => network.close());

/** Two demands, shown by the core. */
const demands = (...more: Parameters<typeof query>[0][]) => (more.length > 0 ? more : [{}, {}]).map((one) => network.core.demand(query(one)));
const changing =
  <V>(change: (value: V, at: number) => V) =>
  <T>({ outcomes, ...rest }: Proven<T>): Proven<T> => ({
    ...rest,
    outcomes: outcomes.map((outcome, at) => (outcome.ok ? { ok: true, value: change(outcome.value as unknown as V, at) as unknown as T } : outcome)),
  });

describe("a permit is shown to the provider's server once it is proved to stand in the core's log", () => {
  it('and the data goes to the requester, the facts to the core, each against its proof', async () => {
    expect(codes(await network.show(demands()))).toEqual(['ok', 'ok']);
    expect(network.server('is-a').demanded).toHaveLength(2);
    expect(network.server('is-a').demanded[0]).not.toHaveProperty('place');
    expect(network.server('is-x').received).toHaveLength(2);
    expect(network.core.reports).toHaveLength(2);
    // the receipts without their places, which say nothing to the core
    expect(network.core.receipts.map(Object.keys)).toEqual([expect.not.arrayContaining(['place']), expect.not.arrayContaining(['place'])]);
  });

  it.each(FORGERIES)('is refused with $what, and no server hears of it: $code', async ({ forge, code }) => {
    expect(codes(await network.show(demands(), forge(network.core)))).toEqual([code, code]);
    expect(network.server('is-a').demanded).toEqual([]);
    expect(network.core.reports).toEqual([]);
  });

  it('is refused where it was never recorded, was changed, or is of a core that another one contradicts', async () => {
    const [honest, other] = demands();
    if (!honest || !other) throw new Error('no demands');
    expect(codes(await network.show([honest, { ...other, event: network.core.decision(query({ exchangeId: other.exchangeId })) }]))).toEqual(['ok', 'ok']);
    const changed = other.event.replace(VALID_UNTIL, '2030-05-11T00:00:00.000Z');
    expect(codes(await network.show([honest, { ...other, event: changed }]))).toEqual(['ok', 'RECORD_NOT_INCLUDED']);
    network.core.log = network.core.log.forkAt(1, network.core.entries);
    const asked = network.server('is-a').demanded.length;
    expect(codes(await network.show(demands({}, {}, {}, {})))).toEqual(new Array(4).fill('LEDGER_INCONSISTENT'));
    expect(network.server('is-a').demanded).toHaveLength(asked);
    expect(readdirSync(join(network.dataOf('ifs-a'), 'evidence'))).toHaveLength(1);
  });

  it('is refused about another person, of another exchange, of an agency elsewhere, or once it has lapsed', async () => {
    const [person, exchange] = demands();
    const [elsewhere] = demands({ provider: CITY_X });
    const [late] = [network.core.demand(query(), '2020-05-08T00:00:00.001Z')];
    if (!person || !exchange || !elsewhere) throw new Error('no demands');
    network.clock.advance(1);
    const shown = [{ ...person, disclosure: disclosure('z'.repeat(28)) }, { ...exchange, exchangeId: person.exchangeId }, elsewhere, late];
    expect(codes(await network.show(shown))).toEqual(['PERMIT_OF_ANOTHER_PERSON', 'DECISION_OF_ANOTHER_EXCHANGE', 'AGENCY_NOT_SPOKEN_FOR', 'PERMIT_LAPSED']);
    expect(network.server('is-a').demanded).toEqual([]);
  });

  it('is taken from the core alone', async () => {
    await expect(network.service('ifs-a').deliverDemands('ifs-x', [])).rejects.toMatchObject({ code: 'NOT_THE_CORE' });
    await expect(network.service('ifs-a').tellRecords('is-a', [])).rejects.toMatchObject({ code: 'NOT_THE_CORE' });
  });
});

describe("what the core says that it recorded of a provision counts once it stands in the core's log", () => {
  it.each(FORGERIES)('not with $what: the core demands again', async ({ forge, code }) => {
    const shown = demands();
    network.core.forge = forge(network.core);
    expect(codes(await network.show(shown))).toEqual([code, code]);
    network.core.forge = (answer) => answer;
    expect(codes(await network.show(shown))).toEqual(['ok', 'ok']);
  });
});

describe("a receipt counts once it stands in the log of the requester's server", () => {
  it.each(FORGERIES.filter(({ code }) => code !== 'LEDGER_EPOCH_UNKNOWN'))(
    "not with $what, at the requester's side or at the provider's",
    async ({ forge, code }) => {
      const { servers, core } = network;
      const server = network.server('is-x');
      server.forge = forge(server);
      const shown = demands();
      expect(codes(await network.show(shown))).toEqual([code, code]);
      expect(core.receipts).toEqual([]);
      // the requester's interface system may be the forger itself
      server.forge = (answer) => answer;
      const honest = network.service('ifs-x').deliverProvisions.bind(network.service('ifs-x'));
      network.service('ifs-x').deliverProvisions = async (...asked) => forge(server)(await honest(...asked));
      expect(codes(await network.show(shown))).toEqual([code, code]);
      expect(servers.size).toBe(3);
    },
  );

  it('not where it is of another exchange', async () => {
    const honest = network.service('ifs-x').deliverProvisions.bind(network.service('ifs-x'));
    const other = query().exchangeId;
    network.service('ifs-x').deliverProvisions = async (...asked) =>
      changing<ReceiptLine | null>((receipt) => (receipt ? { ...receipt, exchangeId: other } : null))(await honest(...asked));
    expect(codes(await network.show(demands()))).toEqual(['RECEIPT_OF_ANOTHER_EXCHANGE', 'RECEIPT_OF_ANOTHER_EXCHANGE']);
  });

  it('not before the core, its witness, knows its key: then it is asked for again', async () => {
    await network.register(['is-x']);
    const shown = demands();
    const outcomes = await network.show(shown);
    expect(codes(outcomes)).toEqual(['LEDGER_KEY_UNKNOWN', 'LEDGER_KEY_UNKNOWN']);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ problem: { kind: 'unavailable' } });
    await network.register();
    expect(codes(await network.show(shown))).toEqual(['ok', 'ok']);
  });

  it('nor of an epoch that the core has not accepted', async () => {
    const server = network.server('is-x');
    server.forge = FORGERIES.find(({ code }) => code === 'LEDGER_EPOCH_UNKNOWN')?.forge(server) ?? server.forge;
    expect(codes(await network.show(demands()))).toEqual(['LEDGER_EPOCH_UNKNOWN', 'LEDGER_EPOCH_UNKNOWN']);
  });

  it('of several servers behind one interface system, each in its own', async () => {
    const lines = demands({}, { requester: CITY_Y }, {}, { requester: CITY_Y });
    expect(codes(await network.show(lines))).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(network.server('is-y').received).toHaveLength(2);
    network.server('is-y').forge = ({ outcomes }) => ({ outcomes });
    expect(codes(await network.show(lines))).toEqual(['ok', 'LEDGER_PROOF_MISSING', 'ok', 'LEDGER_PROOF_MISSING']);
  });

  it('or is none, where nothing was received', async () => {
    network.server('is-x').forge = changing(() => null);
    expect(codes(await network.show(demands()))).toEqual(['ok', 'ok']);
    expect(network.core.receipts).toEqual([]);
  });
});

describe('a released provision', () => {
  it('is done once the core and the requester have proved what they recorded', async () => {
    const [shown] = demands();
    if (!shown) throw new Error('no demand');
    const [answer] = await network.server('is-a').answerDemands('ifs-a', [shown]);
    if (!answer?.ok) throw new Error('no answer');
    expect(codes(await network.service('ifs-a').sendProvisions('is-a', [answer.value]))).toEqual(['ok']);
    network.core.forge = ({ outcomes }) => ({ outcomes });
    expect(codes(await network.service('ifs-a').sendProvisions('is-a', [answer.value]))).toEqual(['LEDGER_PROOF_MISSING']);
    expect(codes(await network.service('ifs-a').sendProvisions('is-x', [answer.value]))).toEqual(['AGENCY_NOT_SPOKEN_FOR']);
  });
});

describe("a server's own records, told to the core", () => {
  const ask = (agency: string) => ({ exchangeId: query().exchangeId, agency });
  const told = (...lines: readonly ReturnType<typeof ask>[]) => network.service('ifs-x').tellRecords('core', lines);

  it('are passed on with the proofs of all servers behind', async () => {
    const { outcomes, proofs } = await told(ask(CITY_X), ask(CITY_Y), ask(CITY_A));
    expect(codes(outcomes)).toEqual(['ok', 'ok', 'AGENCY_NOT_SPOKEN_FOR']);
    const logOf = (at: number) => {
      const [outcome] = outcomes.slice(at);
      const place = outcome?.ok ? outcome.value.events[0]?.place : undefined;
      return proofs?.[place?.proof ?? 0]?.checkpoint;
    };
    expect([logOf(0), logOf(1)]).toEqual([network.server('is-x').log.note(), network.server('is-y').log.note()]);
  });

  it.each<[string, string, (record: RecordTold) => RecordTold]>([
    ['changed', 'RECORD_NOT_INCLUDED', (record) => ({ ...record, events: record.events.map((one) => ({ ...one, event: `${one.event} ` })) })],
    ['without a place', 'LEDGER_PROOF_MISSING', (record) => ({ ...record, events: record.events.map(({ event }) => ({ event })) })],
    ['of another exchange', 'RECORD_OF_ANOTHER_EXCHANGE', (record) => ({ ...record, events: [{ event: '{"stream":"query-x"}' }] })],
    ['no events', 'RECORD_MALFORMED', (record) => ({ ...record, events: [{ event: '{' }] })],
  ])('are refused where they are %s', async (_what, code, change) => {
    network.server('is-x').forge = changing(change);
    expect(codes((await told(ask(CITY_X))).outcomes)).toEqual([code]);
  });
});

describe('the network', () => {
  it('keeps the lines of other servers going where one is down', async () => {
    network.server('is-y').receiveProvisions = () => Promise.reject(new DomainError('DOWN', 'unavailable', 'down'));
    expect(codes(await network.show(demands({}, { requester: CITY_Y })))).toEqual(['ok', 'DOWN']);
  });
  it('of two logs never takes one for the other', async () => {
    const server = network.server('is-x');
    const twin = new MemoryLog(network.server('is-y').log.origin, server.log.signing);
    server.forge = ({ outcomes, proofs }) => {
      for (let at = twin.size; at < server.log.size; at += 1) twin.add('x');
      return { outcomes, proofs: (proofs ?? []).map((proof) => ({ ...proof, checkpoint: twin.note() })) };
    };
    expect(codes(await network.show(demands()))).toEqual(['LEDGER_WRONG_TREE', 'LEDGER_WRONG_TREE']);
  });
});
