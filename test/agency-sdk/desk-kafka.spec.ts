import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Nation, TAX_YEAR, theCast, thePeople } from '#apps/sandbox';
import { decisionsOf, deskPlace, DeskProcess, personOf, registerTaxFacts } from '../e2e/desk.process.js';
import { smallNation } from '../e2e/small-nation.js';
import { describeWithKafka } from '../support/kafka/kafka.js';
import { KafkaFeeds } from './kafka-feed.js';

const TIMEOUT_MS = 300_000;
const CASES = 40;

await describeWithKafka('the child allowance desk on its agency’s topic', {}, (server) => {
  let nation: Nation;
  let closeNation: () => Promise<void>;
  let feeds: KafkaFeeds;
  const desks: DeskProcess[] = [];
  const topic = `renkei.agency.${theCast().toyonaka.code}`;

  beforeAll(async () => {
    feeds = await KafkaFeeds.open(server().brokers);
    await feeds.make(topic, `${topic}.dead`);
    ({ nation, close: closeNation } = await smallNation({ kafka: { brokers: server().brokers.join(',') } }));
    await registerTaxFacts(nation);
  }, TIMEOUT_MS);
  afterEach(() => Promise.all(desks.splice(0).map((desk) => desk.stop('SIGKILL'))));
  afterAll(async () => {
    await closeNation();
    await feeds.close();
  });

  it(
    'is told by the relays of real servers, and decides every case once: killed with -9 midway, beside a message that cannot be read',
    async () => {
      const { kenta } = thePeople();
      await feeds.publish(topic, { kind: 'broken', code: 'x' });
      const cases = Array.from({ length: CASES }, (_, index) => ({ caseNumber: `T-${10 + index}`, children: 1, period: TAX_YEAR, persons: [personOf(kenta)] }));
      const { data, args } = await deskPlace(nation, 'kafka', cases);
      const environment = { KAFKA_BROKERS: server().brokers.join(',') };
      let kills = 0;
      for (const moment of [/queries sent/, /case T-/]) {
        const desk = DeskProcess.start([...args, '--exit'], environment);
        desks.push(desk);
        await desk.until(moment).catch(() => undefined); // sent by the one before
        if ((await desk.stop('SIGKILL')) === null) kills += 1;
      }
      expect(kills).toBe(2);
      const last = DeskProcess.start([...args, '--exit'], environment);
      desks.push(last);
      expect([await last.ended, last.errors]).toEqual([0, '']);
      expect(last.output).toContain(topic);
      expect(decisionsOf(data).map(({ case_number: number, decision }) => [number, decision])).toEqual(
        cases.map(({ caseNumber }) => [caseNumber, 'allowance']),
      );
      expect(Number((await feeds.admin.fetchTopicOffsets(`${topic}.dead`))[0]?.high)).toBeGreaterThanOrEqual(1);
    },
    TIMEOUT_MS,
  );
});
