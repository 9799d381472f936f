import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url)); // seen from dist/libs/agency-sdk/src
const GOLDEN = join(ROOT, 'libs', 'feed-schemas', 'golden');
const EXAMPLES = join(ROOT, 'libs', 'agency-sdk', 'examples');
const JAVA_MIN = 17;
const TIMEOUT_MS = 120_000;

interface Golden {
  readonly messages: readonly { readonly event: Readonly<Record<string, unknown>> }[];
}

const flattened = (value: unknown, path: string): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, member]) => flattened(member, path === '' ? name : `${path}.${name}`))
    : [`${path}=${String(value)}`];
const byPath = (one: string, other: string): number => (one.slice(0, one.indexOf('=')) < other.slice(0, other.indexOf('=')) ? -1 : 1);

/** `type id digest` of the events as the golden files tell them, not as they were decoded. */
const expected = readdirSync(GOLDEN)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .flatMap((name) => (JSON.parse(readFileSync(join(GOLDEN, name), 'utf8')) as Golden).messages)
  .map(
    ({ event }) => `${String(event['type'])} ${String(event['id'])} ${createHash('sha256').update(flattened(event, '').sort(byPath).join('\n')).digest('hex')}`,
  );

const versionOf = (command: string, argument: string): string => {
  const { stdout, stderr, status } = spawnSync(command, [argument], { encoding: 'utf8' });
  return status === 0 ? `${stdout}${stderr}` : '';
};
const hasPython = /Python 3\.(?:9|\d\d)/.test(versionOf('python3', '--version'));
const hasJava = Number(/version "(\d+)/.exec(versionOf('java', '-version'))?.[1] ?? 0) >= JAVA_MIN;
for (const [has, what] of [
  [hasPython, 'python3 (3.9)'],
  [hasJava, `java (${JAVA_MIN})`],
] as const) {
  if (!has) process.stderr.write(`skipped: the example for ${what} or newer, which is not on this machine\n`);
}

describe('the wire examples', () => {
  it('have golden messages to read', () => {
    expect(expected.length).toBeGreaterThan(10);
  });

  (hasPython ? it : it.skip)(
    'Python reads every golden message as it was written, and its inbox handles each once',
    async () => {
      const { stdout } = await run('python3', ['-B', join(EXAMPLES, 'python', 'renkei_feed.py'), GOLDEN], { timeout: TIMEOUT_MS });
      expect(stdout.trim().split('\n')).toEqual([...expected, `handled ${expected.length}, duplicates ${expected.length}`]);
    },
    TIMEOUT_MS,
  );

  (hasJava ? it : it.skip)(
    'Java reads every golden message as it was written',
    async () => {
      const { stdout } = await run('java', ['-Dstdout.encoding=UTF-8', join(EXAMPLES, 'java', 'RenkeiFeed.java'), GOLDEN], { timeout: TIMEOUT_MS });
      expect(stdout.trim().split('\n')).toEqual([...expected, `decoded ${expected.length}`]);
    },
    TIMEOUT_MS,
  );
});
