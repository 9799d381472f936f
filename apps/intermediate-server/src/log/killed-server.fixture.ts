// A server that answers an agency until it is killed, telling after each answer the checkpoint that it was given under; run by server-log.int.spec.
import { CITY_A, TAX, TestServer } from '../server.fixture.js';

const server = await TestServer.open({}, {}, process.argv[2]);
const client = server.client(CITY_A);
const content = { totalIncome: 1, incomeLevy: 1, filed: true };
for (let batch = 0; ; batch += 1) {
  const lines = Array.from({ length: 100 }, (_, line) => ({
    inAgencyNumber: `K${batch}X${line}`,
    information: TAX,
    dataset: 'income',
    period: '2019',
    layout: '2019-06',
    content,
  }));
  const outcomes = await client.registerReplicas(lines);
  if (!outcomes.every(({ ok }) => ok)) throw new Error('a replica was refused');
  process.stdout.write(`${JSON.stringify({ batch, note: server.running.party.ledger?.checkpoint.note })}\n`);
}
