import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { READY_TIMEOUT_MS } from './kafka-server.js';

const LOOK_EVERY_MS = 100;

/** Resolves when a broker leads the cluster and answers; rejects after READY_TIMEOUT_MS, or with what `dead` says. */
export async function untilReady(brokers: readonly string[], dead: () => string | undefined): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS;
  const kafka = new Kafka({
    clientId: 'renkei-tests-ready',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 3_000,
    enforceRequestTimeout: true,
    retry: { retries: 0 },
  });
  for (;;) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const { brokers: alive } = await admin.describeCluster();
      if (alive.length > 0) return;
    } catch (error) {
      if (performance.now() > until) throw error;
    } finally {
      await admin.disconnect();
    }
    const why = dead();
    if (why !== undefined) throw new Error(why);
    await sleep(LOOK_EVERY_MS);
  }
}
