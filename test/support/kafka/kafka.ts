import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { KAFKA_VERSIONS, type KafkaOptions, type KafkaServer, type KafkaVersion } from './kafka-server.js';
import { kafkaMeans, startKafka } from './start.js';

export type { KafkaServer } from './kafka-server.js';
export { clientOf } from './start.js';

const START_TIMEOUT_MS = 240_000;

/** A line of the run's own output, past Jest's capture of the console. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `version` is known where tests are named; what has to kill a broker or log in to it cannot run on a `given` one. */
type Suite = (kafka: () => KafkaServer, version: KafkaVersion | 'given') => void;

/**
 * A suite for every version, each against a broker of its own that is started before and stopped after; once where a
 * broker is given. `await` it at the top of a spec file: where no broker can be had it says so, and shows as skipped.
 */
export async function describeWithKafka(title: string, options: Omit<KafkaOptions, 'version'>, suite: Suite): Promise<void> {
  const means = await kafkaMeans();
  if (means.by === 'nothing') {
    say(`skipped: ${title} (${means.why})`);
    describe.skip(title, () => {
      it(`needs a Kafka broker: ${means.why}`, () => undefined);
    });
    return;
  }
  for (const version of means.by === 'given' ? (['given'] as const) : KAFKA_VERSIONS) {
    describe(`${title}, on Kafka ${version}`, () => {
      let server: KafkaServer | undefined;
      beforeAll(async () => {
        const startedMs = performance.now();
        server = await startKafka({ ...options, version: version === 'given' ? KAFKA_VERSIONS[0] : version });
        if (server === undefined) throw new Error('the broker that was there is gone');
        say(`${title}: Kafka ${server.version} by ${server.origin}, ready in ${Math.round(performance.now() - startedMs)} ms`);
      }, START_TIMEOUT_MS);
      afterAll(() => server?.stop());
      suite(() => server as KafkaServer, version);
    });
  }
}
