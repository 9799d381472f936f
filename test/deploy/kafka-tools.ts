import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jarsMissing, jarsOf } from '../support/kafka/jars.js';

const VERSION = '4.3.0';

/** The scripts of Kafka's image that ours call, and the program behind each. */
const PROGRAMS = {
  'kafka-storage.sh': 'kafka.tools.StorageTool',
  'kafka-server-start.sh': 'kafka.Kafka',
  'kafka-cluster.sh': 'org.apache.kafka.tools.ClusterTool',
  'kafka-configs.sh': 'kafka.admin.ConfigCommand',
  'kafka-acls.sh': 'org.apache.kafka.tools.AclCommand',
  'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand',
} as const;

/** Kafka's jars with its tools; undefined where Java, Maven or Maven's repository cannot be had. */
const found = (await jarsMissing(VERSION, 'tools')) === undefined ? await jarsOf(VERSION, 'tools').catch(() => undefined) : undefined;
export const hasKafkaTools = found !== undefined;

/** Makes a directory as the image has in /opt/kafka: `bin/` with the scripts, each running its program from the jars. */
export function layKafkaHome(home: string): void {
  mkdirSync(join(home, 'bin'), { recursive: true });
  for (const [script, program] of Object.entries(PROGRAMS)) {
    const options = '-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error';
    writeFileSync(join(home, 'bin', script), `#!/bin/sh\nexec java ${options} -cp "${found}/*" ${program} "$@"\n`);
    chmodSync(join(home, 'bin', script), 0o755);
  }
}
