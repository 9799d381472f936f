import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FileKeyVault, IdentifierCipher } from '#libs/cryptography';
import { at, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import { personKey } from '../person-keys.js';

const KEY = 'record/core/2020-05';
const exchange = (number: number): string => `exchange-${exchangeId(number)}`;

describe('folding a store', () => {
  const parties: TestParty[] = [];
  const open = async (): Promise<TestParty> => {
    const party = await TestParty.open('core');
    parties.push(party);
    return party;
  };
  afterEach(() => Promise.all(parties.splice(0).map((party) => party.close())));

  it('begins anew, with an alarm, where the store is not the one that was folded', async () => {
    const [former, restored] = [await open(), await open()];
    for (const number of [1, 2, 3]) await former.record({ stream: exchange(number), events: [core.denied('x', facts())], at: at(1), keyId: KEY });
    const before = former.models();
    await before.caughtUp(former.position);
    await before.close();
    await restored.record({ stream: exchange(4), events: [core.denied('x', facts())], at: at(1), keyId: KEY });
    renameSync(join(former.directory, 'read-models'), join(restored.directory, 'read-models'));
    const models = restored.models();
    const { rows } = await models.ask('exchanges', { limit: 10 }, { atLeast: restored.position });
    await models.close();
    expect(new Set(rows.map((row) => row.exchangeId))).toEqual(new Set([exchangeId(4)]));
    expect(new Set(restored.alarms.map(({ code }) => code))).toEqual(new Set(['HISTORY_CHANGED']));
  });

  it('knows a person by identifiers of an epoch that began after it was started', async () => {
    const party = await open();
    const models = party.models();
    await models.caughtUp(0n);
    const epoch = await new FileKeyVault(join(party.directory, 'keys')).startEpoch();
    const link = party.cipher.linkOf('12345678901');
    const newer = await IdentifierCipher.create(new FileKeyVault(join(party.directory, 'keys')));
    const identifier = newer.issue('9900000000000001', link, 1, epoch);
    await party.record({ stream: exchange(1), events: [core.denied(identifier, facts())], at: at(1), keyId: KEY });
    await party.record({ stream: exchange(2), events: [core.denied(`zz${identifier.slice(2)}`, facts())], at: at(1), keyId: KEY });
    const { rows } = await models.ask('disclosure', { person: personKey(party.names, link), now: at(9), limit: 10 }, { atLeast: party.position });
    await models.close();
    expect(rows.map((row) => row.exchangeId)).toEqual([exchangeId(1)]);
    expect(party.alarms).toEqual([]);
  });

  it('tries again, with one alarm, where a key cannot be had for a while', async () => {
    const party = await open();
    await party.record({ stream: exchange(1), events: [core.denied('x', facts())], at: at(1), keyId: KEY });
    const get = party.keys.get.bind(party.keys);
    let asked = 0;
    party.keys.get = (keyId) => ((asked += 1) <= 2 ? 'missing' : get(keyId));
    const models = party.models();
    const { rows } = await models.ask('exchanges', { limit: 10 }, { atLeast: party.position, timeoutMs: 10_000 });
    await models.close();
    expect(rows.length).toBe(1);
    expect(party.alarms).toMatchObject([{ code: 'RECORD_KEY_MISSING', projection: 'exchanges' }]);
  });
});
