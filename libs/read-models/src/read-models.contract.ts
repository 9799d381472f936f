import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { monthKeyId, subjectKeyId } from '#libs/cryptography';
import { eventType, text } from '#libs/kernel';
import { LATE_ANSWER_GRACE_MS } from './exchange/exchanges.projection.js';
import { at, core, exchangeId, facts, type QueryOptions, server, TestParty } from './party.fixture.js';
import { identifierKey, personKey } from './person-keys.js';
import { PAGE_ROWS_MAX } from './questions.js';
import type { Alarm, ReadModels } from './read-models.js';

export type OpenReadModels = (party: TestParty, onAlarm: (alarm: Alarm) => void) => Promise<ReadModels>;

const REQUESTER = '9900000000000001';
const PROVIDER = '9900000000000002';
const OTHER = '9900000000000003';
const MONTH = monthKeyId('core', '2020-05');
const TAX = 'TM00000000000002';

/** What every adapter of ReadModels has to do. `open` gives the read models of a party, from nothing. */
export function readModelsContract(adapter: string, open: OpenReadModels): void {
  let party: TestParty;
  let models: ReadModels;
  const alarms: Alarm[] = [];
  const start = async (kind: 'core' | 'intermediate-server', ...more: Parameters<typeof TestParty.open>[1][]): Promise<void> => {
    party = await TestParty.open(
      kind,
      more.flatMap((types) => types ?? []),
    );
    models = await open(party, (alarm) => alarms.push(alarm));
  };
  beforeEach(() => {
    alarms.length = 0;
  });
  afterEach(async () => {
    await models.close();
    await party.close();
  });
  const refusal = (asked: Promise<unknown>): Promise<unknown> =>
    asked.then(
      () => 'an answer',
      (error: { code?: unknown }) => error.code,
    );

  describe(`${adapter}: exchanges at the core`, () => {
    const link = (): Uint8Array => party.cipher.linkOf('12345678901');
    const person = (): string => personKey(party.names, link());
    const identifier = (holder = REQUESTER): string => party.cipher.issue(holder, link(), 1);
    const stream = (number: number): string => `exchange-${exchangeId(number)}`;
    type Event = ReturnType<typeof core.impossible>;
    /** Records an exchange event by event, a minute apart. */
    const record = async (number: number, ...events: readonly Event[]): Promise<void> => {
      for (const [minute, event] of events.entries()) await party.record({ stream: stream(number), events: [event], at: at(minute + 1), keyId: MONTH });
    };
    const permitted = (options: QueryOptions = {}): Event => core.permitted(identifier(options.requester), facts(options));
    const shown = async (now = at(100)): Promise<readonly string[]> => {
      const { rows, next } = await models.ask('disclosure', { person: person(), now, limit: 100 }, { atLeast: party.position });
      expect(next).toBeUndefined();
      return rows.map((row) => row.exchangeId);
    };
    beforeEach(() => start('core'));

    it('makes one row of an exchange with the facts of the record, in whatever order reports come', async () => {
      await record(1, permitted(), core.held(at(2)), core.received(at(5)), core.provided(at(4), { nonDisclosure: true }));
      const { rows } = await models.ask('exchanges', { requester: REQUESTER, limit: 10 }, { atLeast: party.position });
      expect(rows).toEqual([
        {
          exchangeId: exchangeId(1),
          ...facts(),
          nonDisclosure: undefined,
          decidedAt: at(1),
          table: '2020-04-01',
          item: '74',
          exceptionApplied: false,
          validUntil: at(60),
          status: 'received',
          sealed: true,
          automatic: true,
          late: false,
          items: ['TM00000000000002/income/2020'],
          heldAt: at(2),
          providedAt: at(4),
          receivedAt: at(5),
          endedAt: at(4),
          revision: 3,
        },
      ]);
    });

    it.each([
      ['denied', [core.denied('rubbish', facts())]],
      ['impossible', [core.permitted('rubbish', facts()), core.impossible()]],
      ['not-provided', [core.permitted('rubbish', facts()), core.notProvided(at(2)), core.received(at(3))]],
      ['withdrawn', [core.permitted('rubbish', facts()), core.withdrawn(at(2)), core.notProvided(at(3), { late: true })]],
      ['lapsed', [core.permitted('rubbish', facts()), core.held(at(2)), core.lapsed(at(60))]],
      ['provided', [core.permitted('rubbish', facts()), core.lapsed(at(60)), core.provided(at(59), { late: true })]],
    ])('knows an exchange that is %s', async (status, events) => {
      await record(1, ...events);
      const { rows } = await models.ask('exchanges', { outcomes: [status as 'denied'], limit: 10 }, { atLeast: party.position });
      expect(rows.map((row) => row.status)).toEqual([status]);
    });

    it('finds exchanges by requester, provider, affair, information, time and person, page by page, newest first', async () => {
      for (let number = 0; number < 7; number += 1)
        await record(number, permitted({ requestedAt: at(number), affair: number === 3 ? 'JM99000000000026' : 'JM99000000000074' }));
      await record(7, core.permitted(identifier(OTHER), facts({ requester: OTHER, provider: REQUESTER, requestedAt: at(3) })));
      const numbers = async (question: Record<string, unknown>): Promise<readonly number[]> => {
        const found: number[] = [];
        let cursor: string | undefined;
        do {
          const page = await models.ask('exchanges', { ...question, limit: 2, cursor }, { atLeast: party.position });
          expect(page.rows.length).toBeLessThanOrEqual(2);
          for (const { exchangeId: id } of page.rows) found.push([0, 1, 2, 3, 4, 5, 6, 7].findIndex((number) => exchangeId(number) === id));
          cursor = page.next;
        } while (cursor !== undefined);
        return found;
      };
      expect(await numbers({ requester: REQUESTER })).toEqual([6, 5, 4, 3, 2, 1, 0]);
      expect(await numbers({ provider: REQUESTER })).toEqual([7]);
      expect(await numbers({ requester: REQUESTER, affair: 'JM99000000000026' })).toEqual([3]);
      expect(await numbers({ requester: REQUESTER, information: TAX, from: at(2), to: at(4) })).toEqual([3, 2]);
      expect((await numbers({ person: person() })).length).toBe(8);
      expect(await numbers({ requester: '9900000000000009' })).toEqual([]);
    });

    it('names the exchanges that have to be driven on', async () => {
      await record(1, permitted());
      await record(2, permitted(), core.held(at(2)));
      await record(3, permitted(), core.provided(at(2)));
      await record(4, permitted(), core.provided(at(2)), core.received(at(3)));
      await record(5, permitted(), core.withdrawn(at(2)));
      await record(6, core.denied(identifier(), facts()));
      const ids: string[] = [];
      for (let after: string | undefined; ; after = ids.at(-1)) {
        const found = await models.ask('openExchanges', { after, limit: 2 }, { atLeast: party.position });
        ids.push(...found.map((row) => row.exchangeId));
        if (found.length < 2) break;
      }
      expect(ids.sort()).toEqual([1, 2, 3].map((number) => exchangeId(number)).sort());
    });

    it('shows a person what is over, and nothing that is sealed or may yet be', async () => {
      await record(1, permitted(), core.provided(at(2)));
      await record(2, permitted());
      await record(3, permitted(), core.held(at(2)));
      await record(4, permitted({ nonDisclosure: true }), core.provided(at(2)));
      await record(5, permitted(), core.provided(at(2), { nonDisclosure: true }), core.received(at(3)));
      await record(6, permitted(), core.received(at(2))); // the provider's report, and its seal, are still to come
      await record(7, permitted(), core.lapsed(at(60)));
      await record(8, core.denied(identifier(), facts()));
      await record(9, core.denied(identifier(), facts({ nonDisclosure: true })));
      await record(10, core.denied('rubbish', facts()));
      await record(11, core.permitted(party.cipher.issue(REQUESTER, party.cipher.linkOf('10987654321'), 1), facts()), core.provided(at(2)));
      expect([...(await shown())].sort()).toEqual([1, 8].map((number) => exchangeId(number)).sort());
    });

    it('shows an unanswered exchange once no late answer can seal it, and a late seal keeps it away', async () => {
      await record(1, permitted(), core.lapsed(at(60)));
      await record(2, permitted(), core.withdrawn(at(2)), core.provided(at(50), { late: true, nonDisclosure: true }));
      await record(3, permitted(), core.lapsed(at(60)), core.notProvided(at(59), { late: true }));
      const graceOver = new Date(Date.parse(at(60)) + LATE_ANSWER_GRACE_MS).toISOString();
      expect(await shown(at(61))).toEqual([exchangeId(3)]);
      expect([...(await shown(graceOver))].sort()).toEqual([exchangeId(1), exchangeId(3)].sort());
    });

    it('fills every page of a person, and leads nowhere where nothing is left', async () => {
      for (let number = 0; number < 12; number += 1) {
        await record(
          number,
          permitted({ requestedAt: at(number), nonDisclosure: number % 3 === 1 }),
          core.provided(at(2), { nonDisclosure: number % 3 === 2 }),
        );
      }
      const first = await models.ask('disclosure', { person: person(), now: at(100), limit: 2 }, { atLeast: party.position });
      const second = await models.ask('disclosure', { person: person(), now: at(100), limit: 2, cursor: first.next });
      expect([...first.rows, ...second.rows].map((row) => row.exchangeId)).toEqual([9, 6, 3, 0].map((number) => exchangeId(number)));
      expect(second.next).toBeUndefined();
    });

    it('refuses a cursor that was changed or belongs to another question', async () => {
      for (let number = 0; number < 3; number += 1) await record(number, permitted());
      const { next = '' } = await models.ask('exchanges', { requester: REQUESTER, limit: 1 }, { atLeast: party.position });
      expect(next).not.toBe('');
      for (let place = 0; place < next.length; place += 7) {
        const changed = `${next.slice(0, place)}${next[place] === 'A' ? 'B' : 'A'}${next.slice(place + 1)}`;
        expect(await refusal(models.ask('exchanges', { requester: REQUESTER, limit: 1, cursor: changed }))).toBe('CURSOR_INVALID');
      }
      expect(await refusal(models.ask('exchanges', { requester: OTHER, limit: 1, cursor: next }))).toBe('CURSOR_INVALID');
      expect(await refusal(models.ask('disclosure', { person: person(), now: at(9), limit: 1, cursor: next }))).toBe('CURSOR_INVALID');
      expect(await refusal(models.ask('exchanges', { requester: REQUESTER, limit: 1, cursor: '' }))).toBe('CURSOR_INVALID');
      expect((await models.ask('exchanges', { requester: REQUESTER, limit: 2, cursor: next })).rows.length).toBe(2);
    });

    it('counts by month, procedure, information, class and outcome', async () => {
      const agency = {
        code: REQUESTER,
        name: 'X',
        class: 'municipality',
        institution: true,
        codeHolder: true,
        welfareOffice: true,
        healthCentre: false,
        placeholder: true,
        official: false,
        role: 'participant',
      };
      await party.record({ stream: `agency-${REQUESTER}`, events: [{ type: 'AgencyRegistered', data: agency }], at: at(0), keyId: MONTH });
      await record(1, permitted({ procedure: 'JT99000000000001' }), core.provided(at(2)), core.received(at(3)));
      await record(2, permitted(), core.held(at(2)));
      await record(3, core.denied('rubbish', facts({ requester: OTHER, requestedAt: '2020-05-31T15:00:00.000Z' })));
      const all = await models.ask(
        'statistics',
        { by: ['month', 'procedure', 'information', 'requesterClass', 'outcome'], limit: 10 },
        { atLeast: party.position },
      );
      expect(all.rows).toEqual([
        { month: '2020-05', procedure: '', information: TAX, requesterClass: 'municipality', outcome: 'held', exchanges: 1 },
        { month: '2020-05', procedure: 'JT99000000000001', information: TAX, requesterClass: 'municipality', outcome: 'received', exchanges: 1 },
        { month: '2020-06', procedure: '', information: TAX, requesterClass: '', outcome: 'denied', exchanges: 1 },
      ]);
      expect((await models.ask('statistics', { by: ['month'], from: '2020-05', to: '2020-05', limit: 1 })).rows).toEqual([{ month: '2020-05', exchanges: 2 }]);
    });

    it('deletes what was sealed under a key that is destroyed, and keeps the counts', async () => {
      await record(1, permitted(), core.provided(at(2)));
      await party.record({ stream: stream(2), events: [permitted()], at: at(2), keyId: monthKeyId('core', '2020-06') });
      await party.record({ stream: 'ledger-retention', events: [{ type: 'RecordKeyDestroyed', data: { key: MONTH } }], at: at(3), keyId: MONTH });
      await record(1, core.received(at(4)));
      const { rows } = await models.ask('exchanges', { requester: REQUESTER, limit: 10 }, { atLeast: party.position });
      expect(rows.map((row) => row.exchangeId)).toEqual([exchangeId(2)]);
      expect((await models.ask('statistics', { by: ['month'], limit: 9 })).rows).toEqual([{ month: '2020-05', exchanges: 2 }]);
    });

    it('knows who holds how many identifiers', async () => {
      const issue = (holder: string, number: number, ...more: Event[]): Promise<unknown> => {
        const issued = { type: 'IdentifierIssued', data: { holder, epoch: 1, generation: 1, identifier: { value: 'x' }, acquisition: 'a' } };
        return party.record({ stream: `identifier-${number.toString(16).padStart(32, '0')}`, events: [issued, ...more], at: at(number), keyId: MONTH });
      };
      await issue(REQUESTER, 1);
      await issue(REQUESTER, 2, { type: 'IdentifierRevoked', data: { holder: REQUESTER, generation: 1, reason: 'LEAK' } });
      await issue(OTHER, 3, { type: 'IdentifierReissued', data: { holder: OTHER, epoch: 2, generation: 2, identifier: { value: 'y' }, reason: 'LEAK' } });
      expect((await models.ask('identifierCounts', { limit: 10 }, { atLeast: party.position })).rows).toEqual([
        { holder: REQUESTER, status: 'issued', identifiers: 1 },
        { holder: REQUESTER, status: 'revoked', identifiers: 1 },
        { holder: OTHER, status: 'issued', identifiers: 1 },
      ]);
      const { rows } = await models.ask('identifiers', { holder: OTHER, limit: 10 });
      expect(rows).toMatchObject([{ status: 'issued', epoch: 2, generation: 2 }]);
    });

    it('stops only the projection that meets an event it does not know, tells so, and goes on answering', async () => {
      const Newer = eventType('QueryForgotten', { why: text });
      await models.close();
      await party.close();
      await start('core', [Newer]);
      await record(1, permitted());
      await models.caughtUp(party.position);
      await party.record({ stream: stream(1), events: [{ type: 'QueryForgotten', data: { why: 'x' } }], at: at(9), keyId: MONTH });
      await record(2, permitted());
      expect(await refusal(models.ask('exchanges', { limit: 9 }, { atLeast: party.position }))).toBe('READ_MODEL_STOPPED');
      expect((await models.ask('exchanges', { limit: 9 })).rows.map((row) => row.exchangeId)).toEqual([exchangeId(1)]);
      await models.ask('identifierCounts', { limit: 1 }, { atLeast: party.position });
      expect(alarms).toMatchObject([{ code: 'UNKNOWN_EVENT_TYPE', projection: 'exchanges', eventType: 'QueryForgotten' }]);
      const lag = await models.lag();
      expect(lag.find(({ projection }) => projection === 'exchanges')?.trouble).toBe('UNKNOWN_EVENT_TYPE');
      expect(lag.find(({ projection }) => projection === 'identifiers')?.checkpoint).toBe(party.position);
    });

    it('rebuilds views beside those that answer, all at once, and goes back', async () => {
      for (let number = 0; number < 20; number += 1) await record(number, permitted({ requestedAt: at(number) }), core.provided(at(number + 2)));
      await models.caughtUp(party.position, 20_000);
      const page = (cursor?: string) => models.ask('exchanges', { requester: REQUESTER, limit: 7, cursor });
      const first = await page();
      const begun = await models.rebuild({ share: 1 });
      expect(begun.map(({ projection, automatic }) => [projection, automatic])).toEqual(['exchanges', 'identifiers', 'register'].map((name) => [name, false]));
      expect(await refusal(models.rebuild({ projections: ['register', 'exchanges'] }))).toBe('REBUILD_RUNNING');
      let asked = 0;
      while (models.rebuilds().some(({ stage }) => stage !== 'done')) {
        expect(models.rebuilds().map(({ trouble }) => trouble)).toEqual([undefined, undefined, undefined]);
        expect((await page()).rows).toEqual(first.rows);
        asked += 1;
      }
      expect(asked).toBeGreaterThan(0);
      for (const { outcome } of models.rebuilds()) expect(outcome).toMatchObject({ switched: true, view: { build: 1 }, comparison: { equal: true } });
      await record(30, permitted({ requestedAt: at(30) }));
      await models.caughtUp(party.position, 20_000);
      // a cursor of before leads on behind what it has shown
      expect((await page(first.next)).rows.map(({ exchangeId: id }) => id)).toEqual([12, 11, 10, 9, 8, 7, 6].map((number) => exchangeId(number)));
      expect((await page()).rows[0]?.exchangeId).toBe(exchangeId(30));
      await models.rebuild({ projections: ['exchanges'], to: 'back' });
      while (models.rebuilds().some(({ stage }) => stage !== 'done')) await page();
      expect(models.rebuilds()[0]).toMatchObject({ to: 'back', outcome: { switched: true, view: { build: 0 }, position: party.position } });
      expect((await models.ask('exchanges', { requester: REQUESTER, limit: 1 }, { atLeast: party.position })).rows[0]?.exchangeId).toBe(exchangeId(30));
      expect(models.stale()).toEqual([]);
      expect(alarms).toEqual([]);
    });

    it('says which projections there are where one is asked for that there is not', async () => {
      const unknown = models.rebuild({ projections: ['register', 'records'] });
      await expect(unknown).rejects.toMatchObject({ code: 'PROJECTION_UNKNOWN', message: expect.stringMatching(/exchanges, identifiers, register/) });
      expect(await refusal(models.rebuild({ share: 0 }))).toBe('INVALID_INPUT');
      expect(models.rebuilds()).toEqual([]);
      await models.caughtUp(party.position, 20_000);
      await models.rebuild({ projections: ['register'], to: 'back' });
      while (models.rebuilds().some(({ stage }) => stage !== 'failed')) await models.lag();
      expect(models.rebuilds()).toMatchObject([{ projection: 'register', trouble: 'REBUILD_NO_FORMER' }]);
    });

    it('bounds questions in size, number and time', async () => {
      expect(await refusal(models.ask('exchanges', { limit: PAGE_ROWS_MAX + 1 }))).toBe('INVALID_INPUT');
      expect(await refusal(models.ask('exchanges', { limit: 0 }))).toBe('INVALID_INPUT');
      expect(await refusal(models.ask('statistics', { by: [], limit: 1 }))).toBe('INVALID_INPUT');
      expect(await refusal(models.ask('records', { agency: REQUESTER, limit: 1 }))).toBe('QUESTION_NOT_SERVED');
      expect(await refusal(models.ask('exchanges', { limit: 1 }, { atLeast: party.position + 1000n, timeoutMs: 50 }))).toBe('READ_MODELS_TIMEOUT');
      const many = Array.from({ length: 1_100 }, () => refusal(models.ask('exchanges', { limit: 1 }, { atLeast: party.position + 1000n, timeoutMs: 500 })));
      const outcomes = await Promise.all(many);
      expect(outcomes.filter((code) => code === 'READ_MODELS_BUSY').length).toBe(100);
      expect(outcomes.filter((code) => code === 'READ_MODELS_TIMEOUT').length).toBe(1_000);
    });

    it('answers nothing any more once it is closed', async () => {
      await models.close();
      expect(await refusal(models.ask('exchanges', { limit: 1 }))).toBe('READ_MODELS_DOWN');
    });
  });

  describe(`${adapter}: an agency's server`, () => {
    const month = (agency: string): string => monthKeyId(agency, '2020-05');
    const subject = (agency: string, number: string): string => party.names.subject(agency, number);
    beforeEach(async () => {
      await start('intermediate-server');
      const query = facts();
      await party.record(
        {
          stream: `query-${exchangeId(1)}`,
          events: [server.submitted(query, subject(REQUESTER, '1')), server.decided(true), server.received(true)],
          at: at(1),
          agency: REQUESTER,
          keyId: month(REQUESTER),
        },
        {
          stream: `query-${exchangeId(2)}`,
          events: [server.submitted(facts({ requestedAt: at(1) }), subject(REQUESTER, '1'))],
          at: at(1),
          agency: REQUESTER,
          keyId: month(REQUESTER),
        },
        {
          stream: `query-${exchangeId(3)}`,
          events: [server.submitted(facts({ requestedAt: at(2), affair: 'JM99000000000099' }), subject(REQUESTER, '9')), server.decided(false)],
          at: at(1),
          agency: REQUESTER,
          keyId: month(REQUESTER),
        },
        {
          stream: `provision-${exchangeId(1)}`,
          events: [server.demanded(query, subject(PROVIDER, '2')), server.made()],
          at: at(2),
          agency: PROVIDER,
          keyId: month(PROVIDER),
        },
        {
          stream: `provision-${exchangeId(4)}`,
          events: [server.demanded(facts({ requester: OTHER }), subject(PROVIDER, '2')), server.held()],
          at: at(2),
          agency: PROVIDER,
          keyId: month(PROVIDER),
        },
      );
    });
    const of = async (agency: string, question: Record<string, unknown> = {}): Promise<readonly string[]> => {
      const { rows } = await models.ask('records', { agency, limit: 100, ...question }, { atLeast: party.position });
      return rows.map((row) => `${[1, 2, 3, 4].find((number) => exchangeId(number) === row.exchangeId)} ${row.role} ${row.status}`);
    };

    it('keeps the records of each agency behind its wall', async () => {
      expect(await of(REQUESTER)).toEqual(['3 requester denied', '2 requester submitted', '1 requester received']);
      expect([...(await of(PROVIDER))].sort()).toEqual(['1 provider provided', '4 provider held']);
      expect(await of(OTHER)).toEqual([]);
      expect(await of(OTHER, { subject: subject(REQUESTER, '1') })).toEqual([]);
      expect(await of(OTHER, { counterpart: PROVIDER })).toEqual([]);
      const { next } = await models.ask('records', { agency: REQUESTER, limit: 1 });
      expect(await refusal(models.ask('records', { agency: PROVIDER, limit: 1, cursor: next }))).toBe('CURSOR_INVALID');
    });

    it('finds records by person, counterpart, affair, role, outcome and time', async () => {
      expect(await of(REQUESTER, { subject: subject(REQUESTER, '1') })).toEqual(['2 requester submitted', '1 requester received']);
      expect(await of(PROVIDER, { counterpart: OTHER })).toEqual(['4 provider held']);
      expect(await of(REQUESTER, { affair: 'JM99000000000099' })).toEqual(['3 requester denied']);
      expect(await of(REQUESTER, { role: 'provider' })).toEqual([]);
      expect(await of(REQUESTER, { outcomes: ['received', 'denied'], to: at(2) })).toEqual(['1 requester received']);
    });

    it('tells the facts of a record', async () => {
      const { rows } = await models.ask('records', { agency: REQUESTER, outcomes: ['received'], limit: 1 }, { atLeast: party.position });
      expect(rows).toMatchObject([
        {
          requester: REQUESTER,
          provider: PROVIDER,
          counterpart: PROVIDER,
          department: 'child-welfare',
          exceptionApplied: false,
          sealed: true,
          items: ['TM00000000000002/income/2020'],
          requestedAt: at(0),
          providedAt: at(3),
          receivedAt: at(4),
        },
      ]);
    });

    it('lists what waits for an official, and what has to be driven on', async () => {
      const held = await models.ask('heldProvisions', { agency: PROVIDER, limit: 10 }, { atLeast: party.position });
      expect(held.rows).toMatchObject([{ exchangeId: exchangeId(4), reason: 'RECORD_BLOCKED' }]);
      expect((await models.ask('heldProvisions', { agency: REQUESTER, limit: 10 })).rows).toEqual([]);
      expect(await models.ask('openQueries', { limit: 10 })).toMatchObject([{ exchangeId: exchangeId(2), agency: REQUESTER, status: 'submitted' }]);
      expect(await models.ask('openQueries', { after: exchangeId(2), limit: 10 })).toEqual([]);
    });

    it('says which replicas answer a demand, as of which revision', async () => {
      const id = subject(PROVIDER, '2');
      const key = { agency: PROVIDER, subject: id, information: TAX };
      const record = (...events: ReturnType<typeof server.held>[]): Promise<unknown> =>
        party.record({ stream: `replica-${id}`, events, at: at(5), agency: PROVIDER, keyId: subjectKeyId(PROVIDER, id) });
      const look = async (...keys: (typeof key & { dataset?: string; period?: string })[]) => models.ask('replicas', { keys }, { atLeast: party.position });
      await record(server.registered(TAX, 'income', '2019'), server.registered(TAX, 'income', '2020'), server.registered('TM00000000000001', 'resident'));
      await record({ type: 'ReplicaCorrected', data: (server.registered(TAX, 'income', '2019', '2020-06-01') as { data: unknown }).data });
      expect(
        await look({ ...key, period: '2019' }, { ...key, agency: OTHER }, { ...key, subject: subject(PROVIDER, '7') }, { ...key, dataset: 'none' }),
      ).toEqual([
        { revision: 3, nonDisclosure: false, replicas: [{ dataset: 'income', period: '2019', revision: 3, layout: '2020-06-01' }] },
        undefined,
        undefined,
        { revision: 3, nonDisclosure: false, replicas: [] },
      ]);
      await record(server.scoped('AutomaticAnswerBlocked', TAX), server.scoped('NonDisclosureSet'), {
        type: 'ReplicaWithdrawn',
        data: { information: TAX, dataset: 'income', period: '2019' },
      });
      expect(await look(key)).toEqual([
        { revision: 6, nonDisclosure: true, blocked: 'RECORD_BLOCKED', replicas: [{ dataset: 'income', period: '2020', revision: 1, layout: '2019-06-17' }] },
      ]);
      await record(server.scoped('AutomaticAnswerUnblocked', TAX), server.scoped('NonDisclosureLifted'));
      expect(await look(key)).toMatchObject([{ revision: 8, nonDisclosure: false }]);
    });

    it('finds the person of an identifier, also of the one before, until the key is destroyed', async () => {
      const id = subject(PROVIDER, '2');
      const key = (identifier: string, agency = PROVIDER) => ({ agency, identifierKey: identifierKey(party.names, agency, identifier) });
      const record = (...events: ReturnType<typeof server.held>[]): Promise<unknown> =>
        party.record({ stream: `subject-${id}`, events, at: at(5), agency: PROVIDER, keyId: subjectKeyId(PROVIDER, id) });
      const look = (...keys: ReturnType<typeof key>[]) => models.ask('subjects', { keys }, { atLeast: party.position });
      await record(server.obtained('old'));
      await party.record({
        stream: `replica-${id}`,
        events: [server.registered(TAX, 'income')],
        at: at(5),
        agency: PROVIDER,
        keyId: subjectKeyId(PROVIDER, id),
      });
      expect(await look(key('old'), key('old', OTHER), key('new'))).toEqual([
        { subject: id, fieldRevision: 0, revision: 0, inForce: true },
        undefined,
        undefined,
      ]);
      await record(server.changed('new', 'REISSUED'));
      expect(await look(key('old'), key('new'))).toMatchObject([{ inForce: false }, { inForce: true, fieldRevision: 1 }]);
      await record(server.changed('new', 'REVOKED'));
      expect(await look(key('new'))).toMatchObject([{ inForce: false }]);
      await record({ type: 'SubjectKeyDestroyed', data: { key: subjectKeyId(PROVIDER, id), reason: 'x' } });
      expect(await look(key('old'), key('new'))).toEqual([undefined, undefined]);
      expect(await models.ask('replicas', { keys: [{ agency: PROVIDER, subject: id, information: TAX }] }, { atLeast: party.position })).toEqual([undefined]);
    });

    describe('the feed', () => {
      /** A page, as event types, with what comes after it. */
      async function page(agency: string, question: { cursor?: string; limit?: number; recordedFrom?: string } = {}) {
        const { rows, next } = await models.ask('feed', { agency, limit: 100, recordedFrom: at(-1000), ...question }, { atLeast: party.position });
        const events = await Promise.all(rows.map(({ stream, revision }) => party.store.readStream(stream, { from: revision, limit: 1 })));
        expect(events.map(([event]) => Number(event?.position))).toEqual(rows.map(({ position }) => position));
        return { told: events.map(([event]) => event?.type), next };
      }

      it('has what each agency is told, in the order of the store, page by page, behind its wall', async () => {
        const whole = ['QueryDecisionReceived', 'ProvisionReceived', 'QueryDecisionReceived'];
        expect((await page(REQUESTER)).told).toEqual(whole);
        expect((await page(PROVIDER)).told).toEqual(['ProvisionMade', 'ProvisionHeld']);
        const nothing = await page(OTHER);
        expect(nothing.told).toEqual([]);
        const first = await page(REQUESTER, { limit: 2 });
        const second = await page(REQUESTER, { limit: 2, cursor: first.next });
        expect([...first.told, ...second.told]).toEqual(whole);
        const end = await page(REQUESTER, { cursor: second.next });
        expect(end.told).toEqual([]);
        await party.record({ stream: `query-${exchangeId(2)}`, events: [server.withdrawn()], at: at(5), agency: REQUESTER, keyId: MONTH });
        expect((await page(REQUESTER, { cursor: end.next })).told).toEqual(['QueryWithdrawn']);
        expect(await refusal(models.ask('feed', { agency: PROVIDER, limit: 1, recordedFrom: at(0), cursor: first.next }))).toBe('CURSOR_INVALID');
        expect(await refusal(models.ask('feed', { agency: REQUESTER, limit: 0, recordedFrom: at(0) }))).toBe('INVALID_INPUT');
      });

      it('begins with what is still told, and says where something between is told no more', async () => {
        const id = subject(PROVIDER, '2');
        const record = (minute: number): Promise<unknown> =>
          party.record({
            stream: `replica-${id}`,
            events: [server.registered(TAX, 'income', String(minute))],
            at: at(minute),
            agency: PROVIDER,
            keyId: subjectKeyId(PROVIDER, id),
          });
        const { next } = await page(PROVIDER);
        for (const minute of [100, 200, 300]) await record(minute);
        expect((await page(PROVIDER, { recordedFrom: at(150) })).told).toHaveLength(2);
        expect((await page(PROVIDER, { cursor: next })).told).toHaveLength(3);
        expect(await refusal(page(PROVIDER, { cursor: next, recordedFrom: at(150) }))).toBe('CURSOR_EXPIRED');
        const none = await page(PROVIDER, { recordedFrom: at(400) });
        expect(none.told).toEqual([]);
        await record(500);
        expect((await page(PROVIDER, { recordedFrom: at(400), cursor: none.next })).told).toHaveLength(1);
      });
    });
  });
}
