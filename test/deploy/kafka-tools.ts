import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './support.js';

const execute = promisify(execFile);
const VERSION = '4.3.0';
const CACHE = join(ROOT, 'node_modules', '.cache', 'renkei');
const FETCH_TIMEOUT_MS = 180_000;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>renkei.test</groupId><artifactId>kafka-tools</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** The scripts of Kafka's image that ours call, and the program behind each. */
const PROGRAMS = {
  'kafka-storage.sh': 'kafka.tools.StorageTool',
  'kafka-server-start.sh': 'kafka.Kafka',
  'kafka-cluster.sh': 'org.apache.kafka.tools.ClusterTool',
  'kafka-configs.sh': 'kafka.admin.ConfigCommand',
  'kafka-acls.sh': 'org.apache.kafka.tools.AclCommand',
  'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand',
} as const;

/** Kafka's jars with its tools, fetched once; undefined where Java, Maven or Maven's repository cannot be had. */
async function jars(): Promise<string | undefined> {
  const libraries = join(CACHE, `kafka-tools-${VERSION}`, 'libs');
  try {
    await execute('java', ['-version']);
    if (existsSync(libraries)) return libraries;
    mkdirSync(CACHE, { recursive: true });
    const directory = mkdtempSync(join(CACHE, 'fetching-'));
    try {
      writeFileSync(join(directory, 'pom.xml'), POM);
      const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=libs'];
      await execute('mvn', args, { cwd: directory, timeout: FETCH_TIMEOUT_MS });
      if (!existsSync(libraries)) renameSync(directory, join(CACHE, `kafka-tools-${VERSION}`));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    return libraries;
  } catch {
    return undefined;
  }
}

const found = await jars();
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
