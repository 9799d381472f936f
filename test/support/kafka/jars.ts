import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KafkaVersion } from './kafka-server.js';

const execute = promisify(execFile);

const COMMAND_TIMEOUT_MS = 15_000;
const FETCH_TIMEOUT_MS = 180_000;
/** The lowest Java that Kafka 4 brokers run on. */
const JAVA_MAJOR_MIN = 17;
/** Of the workspace; the tests run in `dist/test/support/kafka`. */
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/renkei/', import.meta.url));

/** `tools`: a broker with the programs behind Kafka's scripts. */
export type KafkaJars = 'broker' | 'tools';
const OF = {
  broker: { cache: 'kafka', artifacts: ['kafka_2.13'] },
  tools: { cache: 'kafka-tools', artifacts: ['kafka_2.13', 'kafka-tools'] },
} as const;

const dependency = (group: string, artifact: string, version: string): string =>
  `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const pom = (version: KafkaVersion, jars: KafkaJars): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>renkei.test</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${[...OF[jars].artifacts.map((artifact) => dependency('org.apache.kafka', artifact, version)), dependency('org.slf4j', 'slf4j-simple', '1.7.36')].join('\n')}
  </dependencies>
</project>
`;

/** Undefined where the jars can be run and fetched, else what is missing. */
export async function jarsMissing(version: KafkaVersion, jars: KafkaJars = 'broker'): Promise<string | undefined> {
  if (process.platform === 'win32') return 'jars are run by a POSIX shell only';
  const java = await execute('java', ['-version'], { timeout: COMMAND_TIMEOUT_MS }).catch(() => undefined);
  if (java === undefined) return 'no Java';
  const major = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0);
  if (major < JAVA_MAJOR_MIN) return `Java ${major} is older than ${JAVA_MAJOR_MIN}`;
  if (existsSync(librariesOf(version, jars))) return undefined;
  return execute('mvn', ['-v'], { timeout: COMMAND_TIMEOUT_MS }).then(
    () => undefined,
    () => 'no mvn',
  );
}

const librariesOf = (version: KafkaVersion, jars: KafkaJars): string => join(CACHE, `${OF[jars].cache}-${version}`, 'libs');

/** Directory of a version's jars; fetched from Maven Central where they are not in the cache yet. */
export async function jarsOf(version: KafkaVersion, jars: KafkaJars = 'broker'): Promise<string> {
  const libraries = librariesOf(version, jars);
  if (existsSync(libraries)) return libraries;
  await mkdir(CACHE, { recursive: true });
  const fresh = await mkdtemp(join(CACHE, 'kafka-fetch-'));
  try {
    await writeFile(join(fresh, 'pom.xml'), pom(version, jars));
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(fresh, 'libs')}`];
    await execute('mvn', ['-q', '-B', ...goal], { cwd: fresh, timeout: FETCH_TIMEOUT_MS });
    // in one step, so that no other process ever sees half of them
    await rename(fresh, dirname(libraries)).catch((error: unknown) => {
      if (!existsSync(libraries)) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return libraries;
}
