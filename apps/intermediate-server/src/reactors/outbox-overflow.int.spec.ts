import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AFFAIR, CITY_A, CITY_X, TAX, TestServer } from '../server.fixture.js';

describe('more queries than the outbox holds in memory', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.open({ outboxQueriesMax: 50 });
    await server.identify(CITY_X, 'X1');
  });
  afterAll(() => server.close());

  it('are all decided in the end, without a word from outside', async () => {
    const x = server.client(CITY_X);
    const lines = Array.from({ length: 400 }, () => ({
      exchangeId: server.exchangeId(),
      inAgencyNumber: 'X1',
      provider: CITY_A,
      affair: AFFAIR,
      information: TAX,
      department: 'child',
      nonDisclosure: false,
    }));
    await x.submitQueries(lines);
    const states = await x.waitForOutcomes(
      lines.map(({ exchangeId }) => exchangeId),
      { timeoutMs: 3_000, pollMs: 100 },
    );
    expect([...states.values()].filter(({ status }) => status === 'permitted')).toHaveLength(400);
    expect(server.network.decided.size).toBe(400);
  });
});
