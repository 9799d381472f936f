import { afterEach, describe, expect, it } from '@jest/globals';
import { at, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import { personKey } from '../person-keys.js';
import { SqliteReadModels } from './sqlite-read-models.js';

describe('read models of the core in a worker', () => {
  let party: TestParty;
  afterEach(() => party.close());

  it('folds and answers', async () => {
    party = await TestParty.open('core');
    const link = party.cipher.linkOf('12345678901');
    const identifier = party.cipher.issue('9900000000000001', link, 1);
    const stream = (n: number): string => `exchange-${exchangeId(n)}`;
    const keyId = 'record/core/2020-05';
    await party.record(
      { stream: stream(1), events: [core.permitted(identifier, facts())], at: at(1), keyId },
      { stream: stream(2), events: [core.denied('rubbish', facts())], at: at(2), keyId },
    );
    await party.record({ stream: stream(1), events: [core.provided(at(3)), core.received(at(4))], at: at(5), keyId });
    const models = await SqliteReadModels.open({ ...party.places, onAlarm: (alarm) => party.alarms.push(alarm) });
    await models.caughtUp(party.position);
    const page = await models.ask('exchanges', { requester: '9900000000000001', limit: 10 });
    expect(page.rows.map(({ status }) => status)).toEqual(['denied', 'received']);
    const shown = await models.ask('disclosure', { person: personKey(party.names, link), now: at(9), limit: 10 });
    expect(shown.rows.map(({ exchangeId: id }) => id)).toEqual([exchangeId(1)]);
    await models.close();
    expect(party.alarms).toEqual([]);
  });
});
