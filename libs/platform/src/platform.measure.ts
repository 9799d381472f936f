// Measures what one request costs here: `node dist/libs/platform/src/platform.measure.js` (about 20 s, two processes).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { Pool } from 'undici';
import { aNote, Note, serverKeys, signerOf } from './http/demo.fixture.js';
import { parseJson } from './http/json-body.js';
import { TokenVerifier } from './tokens/token-verifier.js';
import { compileValidator, validateBatch } from './validation/compile.js';

const RUNS = 5;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Median of RUNS rates, after one run that is not counted. */
async function rate(label: string, count: number, run: (count: number) => Promise<void> | void): Promise<void> {
  await run(count);
  const rates: number[] = [];
  for (let index = 0; index < RUNS; index += 1) {
    const startMs = performance.now();
    await run(count);
    rates.push((count * 1_000) / (performance.now() - startMs));
  }
  say(
    `${label.padEnd(58)} ${Math.round(median(rates)).toLocaleString('en').padStart(9)}/s  ${Math.round(Math.min(...rates))}..${Math.round(Math.max(...rates))}`,
  );
}
const times = (count: number, act: () => unknown): void => {
  for (let index = 0; index < count; index += 1) act();
};

const note = aNote();
const body = Buffer.from(JSON.stringify(note));
const batch = Buffer.from(JSON.stringify({ lines: Array.from({ length: 1_000 }, aNote) }));
const foreign = Buffer.from(JSON.stringify(JSON.parse(batch.toString()), undefined, 1));
const lines = Array.from({ length: 1_000 }, aNote);
const facts = { method: 'POST', path: '/notes/signed', body };

async function measureParts(): Promise<void> {
  const validator = compileValidator(Note);
  await rate('validator compiled from the class', 200_000, (count) => times(count, () => validator.accepts(note)));
  await rate('class-validator and class-transformer, same class', 3_000, (count) =>
    times(count, () => validateSync(plainToInstance(Note, note), { whitelist: true, forbidNonWhitelisted: true })),
  );
  await rate('validateBatch, lines', 100_000, (count) => times(count / 1_000, () => validateBatch(Note, lines)));
  await rate('JSON.parse alone, lines of a batch of 1,000', 100_000, (count) => times(count / 1_000, () => JSON.parse(batch.toString()) as unknown));
  await rate('parseJson, what JSON.stringify wrote', 100_000, (count) => times(count / 1_000, () => parseJson(batch)));
  await rate('parseJson, other spacing', 50_000, (count) => times(count / 1_000, () => parseJson(foreign)));
  const signer = signerOf('is-east');
  const verifier = new TokenVerifier({ audience: 'core', keyOf: () => ({ kind: 'server', publicKey: serverKeys.publicKey }) });
  const tokens: string[] = [];
  await rate('token signed', 2_000, async (count) => {
    for (let index = 0; index < count; index += 1) tokens.push(await signer.authorization('core', facts));
  });
  await rate('token verified', 2_000, async (count) => {
    for (let index = 0; index < count; index += 1) await verifier.verify(tokens.pop(), facts);
  });
}

const CONNECTIONS = 32;

async function measureHttp(): Promise<void> {
  const server = spawn(process.execPath, [fileURLToPath(new URL('./http/stop.fixture.js', import.meta.url))], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [address] = (await once(server.stdout, 'data')) as [Buffer];
  try {
    await measureOver(address.toString().trim());
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

async function measureOver(address: string): Promise<void> {
  const pool = new Pool(address, { connections: CONNECTIONS });
  const headers = { 'content-type': 'application/json' };
  const send = async (count: number, path: string, more: () => Promise<Record<string, string>>): Promise<void> => {
    let left = count;
    const one = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const response = await pool.request({ method: 'POST', path, body, headers: { ...headers, ...(await more()) } });
        if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
        await response.body.dump();
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, one));
  };
  const signer = signerOf('is-east');
  await rate('POST through Nest, checked, 32 connections', 4_000, (count) => send(count, '/notes', () => Promise.resolve({})));
  await rate('the same with a token a request (signed here too)', 1_500, (count) =>
    send(count, '/notes/signed', async () => ({ authorization: await signer.authorization('core', facts) })),
  );
  await pool.close();
}

say(`Node ${process.version}; body ${body.length} bytes; median of ${RUNS}, then the spread`);
await measureParts();
await measureHttp();
