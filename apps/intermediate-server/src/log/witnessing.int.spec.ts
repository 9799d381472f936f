import { afterEach, describe, expect, it } from '@jest/globals';
import { cosignedAt } from '#libs/ledger-service';
import { AFFAIR, CITY_A, CITY_X, TAX, TestServer } from '../server.fixture.js';
import { until } from './core-witness.fixture.js';
import { signedCheckpoint } from './proofs.fixture.js';

let server: TestServer | undefined;
afterEach(() => server?.close());

async function started(): Promise<TestServer> {
  server = await TestServer.open({ witnessEveryMs: 20, witnessTimeoutMs: 60, unwitnessedMsMax: 30 });
  await server.identify(CITY_X, 'X1', 'p');
  return server;
}
const ledgerOf = ({ running }: TestServer) => {
  if (!running.party.ledger) throw new Error('no ledger');
  return running.party.ledger;
};
const isWitnessed = (of: TestServer) => () => ledgerOf(of).cosigned?.size === ledgerOf(of).checkpoint.size;
/** One query, asked and decided: what goes on whatever the witness does. */
async function exchanged(of: TestServer): Promise<void> {
  const exchangeId = of.exchangeId();
  const query = { exchangeId, inAgencyNumber: 'X1', provider: CITY_A, affair: AFFAIR, information: TAX, department: 'child', nonDisclosure: false };
  await of.client(CITY_X).submitQuery(query);
  await of.service.idle();
  expect(await of.client(CITY_X).query(exchangeId)).toMatchObject({ status: 'permitted' });
}
const health = async (of: TestServer): Promise<{ readonly status: number; readonly warnings: readonly string[] }> => {
  const answer = await fetch(`${of.running.url}/health/ready`);
  const { warnings = [] } = (await answer.json()) as { readonly warnings?: readonly string[] };
  return { status: answer.status, warnings };
};
const metric = async (of: TestServer, name: string): Promise<number> => {
  const text = await (await fetch(`${of.running.url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (.*)$`, 'm').exec(text)?.[1]);
};

describe('the log of an intermediate server', () => {
  it('is cosigned by the core, under its pinned key, and stays so over a restart', async () => {
    const of = await started();
    await until(isWitnessed(of));
    const { cosigned } = ledgerOf(of);
    expect(of.witness.asked.every((line) => line.server === 'is-east' && line.key === of.running.ledgerKey)).toBe(true);
    expect(signedCheckpoint(cosigned?.note ?? '', of.running.ledgerKey).size).toBe(cosigned?.size);
    const line = cosigned?.note.split('\n').find((text) => text.startsWith('— renkei.example/core '));
    expect(cosignedAt(cosigned?.note ?? '', line ?? '', [of.witness.verifierKey])).toBeGreaterThan(1_600_000_000);
    expect(await health(of)).toEqual({ status: 200, warnings: [] });
    expect(await metric(of, 'renkei_ledger_size')).toBe(ledgerOf(of).checkpoint.size);
    expect(await metric(of, 'renkei_ledger_unwitnessed_seconds')).toBe(0);
    await of.restart();
    expect(ledgerOf(of).cosigned?.size).toBeGreaterThanOrEqual(cosigned?.size ?? 0);
  });

  it('waits while the core is down, is told of to operators, and holds up no exchange', async () => {
    const of = await started();
    await until(isWitnessed(of));
    of.witness.behaviour = 'down';
    await exchanged(of);
    await until(async () => (await health(of)).warnings.includes('LOG_UNWITNESSED'));
    expect(await health(of)).toEqual({ status: 200, warnings: ['LOG_UNWITNESSED'] });
    expect(await metric(of, 'renkei_ledger_unwitnessed_seconds')).toBeGreaterThan(0);
    of.witness.behaviour = 'honest';
    await until(isWitnessed(of));
    await until(async () => (await health(of)).warnings.length === 0);
  });

  it('waits while the core does not answer, and so does no exchange', async () => {
    const of = await started();
    of.witness.behaviour = 'silent';
    const asked = of.witness.asked.length;
    await exchanged(of);
    await until(() => of.witness.asked.length > asked + 1);
    of.witness.behaviour = 'honest';
    await until(isWitnessed(of));
  });

  it('is shown from the size on that the core has, where that is another than thought', async () => {
    const of = await started();
    await until(isWitnessed(of));
    const asked = of.witness.asked.length;
    of.witness.forget();
    await exchanged(of);
    await until(() => of.witness.asked.slice(asked).some(({ from }) => from === 0));
    await until(isWitnessed(of));
  });

  it('counts no cosignature under another key', async () => {
    const of = await started();
    await until(isWitnessed(of));
    const before = ledgerOf(of).cosigned?.size;
    of.witness.behaviour = 'lying';
    await exchanged(of);
    await until(async () => (await health(of)).warnings.includes('WITNESS_COSIGNATURE_INVALID'));
    expect(ledgerOf(of).cosigned?.size).toBe(before);
    expect((await health(of)).status).toBe(200);
    of.witness.behaviour = 'honest';
    await exchanged(of);
    await until(isWitnessed(of));
    await until(async () => (await health(of)).warnings.length === 0);
  });
});
