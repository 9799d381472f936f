import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { results } from '../../libs/agency-sdk/src/consumer/feed-events.fixture.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // seen from dist/test/packages
const TIMEOUT_MS = 240_000;

/** What an agency's developer would write: the client, the consumer, types of events. */
const CONSUMER = `
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { AgencyClient, consumeFeed, type DeadLetter, type FeedEventOf, httpSource, kafkaSource, memoryCursor, memoryInbox } from '@renkei/agency-sdk';

const events = JSON.parse(readFileSync('events.json', 'utf8')) as unknown[];
const server = createServer((request, response) => {
  const after = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('after') ?? 0);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ events: events.slice(after), next: String(events.length) }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const { privateKey } = generateKeyPairSync('ed25519');
const client = new AgencyClient({ baseUrl: \`http://127.0.0.1:\${port}\`, server: 'is-east', agency: '0220113112101700', keyId: 'k', privateKey });

const ready: FeedEventOf<'renkei.result.received.v1'>['data'][] = [];
const dead: DeadLetter[] = [];
const letters = { put: async (letter: DeadLetter) => void dead.push(letter) };
const consumer = consumeFeed({
  source: httpSource({ client, cursor: memoryCursor() }),
  inbox: memoryInbox(),
  deadLetters: letters,
  handlers: { 'renkei.result.received.v1': async ({ data }, { tx }) => tx.onCommit(() => ready.push(data)) },
});
while (ready.length + dead.length < events.length) await new Promise((resolve) => setTimeout(resolve, 10));
await consumer.stop();
await client.close();
server.close();

// this place has no kafkajs: that is told when it is asked for, and not before
const told = await new Promise<string>((resolve) => {
  const kafka = consumeFeed({
    source: kafkaSource({ brokers: ['127.0.0.1:1'], topic: 't', groupId: 'g' }),
    inbox: memoryInbox(),
    deadLetters: letters,
    hooks: { trouble: ({ code }) => void kafka.stop().then(() => resolve(code)) },
  });
});
console.log(JSON.stringify({ exchanges: ready.map(({ exchangeId }) => exchangeId), dead: dead.map(({ code }) => code), kafka: told }));
`;

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    noEmit: true,
  },
  files: ['consumer.ts'],
};

interface Packed {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

describe('the agency SDK as a package of its own', () => {
  let place: string;
  let packed: Packed;
  const link = async (name: string): Promise<void> => {
    const to = join(place, 'node_modules', name);
    await mkdir(dirname(to), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), to, 'dir');
  };

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'renkei-sdk-package-'));
    const made = join(place, 'made');
    const script = pathToFileURL(join(ROOT, 'deploy', 'workspace', 'pack-sdk.mjs')).href;
    await run(process.execPath, ['-e', `import(${JSON.stringify(script)}).then(({ packSdk }) => packSdk(${JSON.stringify(made)}))`], { cwd: ROOT });
    await run('npm', ['pack', '--silent', '--pack-destination', place], { cwd: made, shell: process.platform === 'win32' });
    const archive = (await readdir(place)).find((name) => name.endsWith('.tgz')) ?? '';
    await rm(made, { recursive: true });
    const installed = join(place, 'node_modules', '@renkei', 'agency-sdk');
    await mkdir(installed, { recursive: true });
    await run('tar', ['-xzf', join(place, archive), '--strip-components=1', '-C', installed]);
    packed = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Packed;
    for (const name of [...Object.keys(packed.dependencies), '@types/node']) await link(name);
    await writeFile(join(place, 'package.json'), '{"type":"module","private":true}');
    await writeFile(join(place, 'consumer.ts'), CONSUMER);
    await writeFile(join(place, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    await writeFile(join(place, 'events.json'), JSON.stringify([...results(3), { no: 'event' }]));
  }, TIMEOUT_MS);
  afterAll(() => rm(place, { recursive: true, force: true }));

  it('needs three packages, none of Nest, and Kafka only where it is used', () => {
    expect(packed.name).toBe('@renkei/agency-sdk');
    expect(Object.keys(packed.dependencies)).toEqual(['ajv', 'jose', 'undici']);
    expect(packed.peerDependenciesMeta).toEqual({ kafkajs: { optional: true }, '@types/node': { optional: true } });
  });

  it('brings its README, its licence, schemas and examples, and nothing of the tests', async () => {
    const files = (await readdir(join(place, 'node_modules', '@renkei', 'agency-sdk'), { recursive: true })).map((path) => path.replaceAll('\\', '/'));
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'asyncapi.json', 'schemas/renkei.result.received.v1.schema.json', 'examples/java/RenkeiFeed.java']),
    );
    expect(files.filter((path) => /spec|contract|fixture|\.map$|apps\/|nest/.test(path))).toEqual([]);
  });

  it(
    'type-checks a consumer against its own types, and nothing else',
    async () => {
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout } = await run(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: place }).catch((error: unknown) => error as { stdout: string });
      expect(stdout).toBe('');
      // its types are no `any`: what they do not allow does not compile
      await writeFile(
        join(place, 'wrong.ts'),
        CONSUMER.replace('ready.map(({ exchangeId })', 'ready.map(({ identifier })').replace('exchangeId) =>', 'identifier) =>'),
      );
      await writeFile(join(place, 'wrong.json'), JSON.stringify({ ...TSCONFIG, files: ['wrong.ts'] }));
      const wrong = await run(process.execPath, [tsc, '-p', 'wrong.json'], { cwd: place }).catch((error: unknown) => error as { stdout: string });
      expect(wrong.stdout).toContain("Property 'identifier' does not exist");
    },
    TIMEOUT_MS,
  );

  it(
    'runs there: the feed is consumed, and a missing kafkajs is told when Kafka is asked for',
    async () => {
      const { stdout: code } = await run(
        process.execPath,
        [
          '-e',
          `console.log(require(${JSON.stringify(join(ROOT, 'node_modules', 'typescript'))}).transpileModule(require('fs').readFileSync('consumer.ts', 'utf8'), { compilerOptions: { module: 'esnext', target: 'es2022' } }).outputText)`,
        ],
        { cwd: place },
      );
      await writeFile(join(place, 'consumer.js'), code);
      const { stdout } = await run(process.execPath, ['consumer.js'], { cwd: place, timeout: 60_000 });
      expect(JSON.parse(stdout)).toEqual({ exchanges: results(3).map(({ subject }) => subject), dead: ['FEED_ATTRIBUTE_INVALID'], kafka: 'KAFKAJS_MISSING' });
    },
    TIMEOUT_MS,
  );
});
