import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';

const SCRIPT = fileURLToPath(new URL('./stop.fixture.js', import.meta.url));
let child: ChildProcess | undefined;

interface Running {
  readonly process: ChildProcess;
  readonly address: string;
  readonly said: () => string;
  readonly exit: Promise<number | null>;
}

async function start(...args: readonly string[]): Promise<Running> {
  const started = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
  child = started;
  let said = '';
  started.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  started.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exit = once(started, 'exit').then(([code]) => code as number | null);
  await until(() => /^http.*\n/m.test(said) || started.exitCode !== null);
  return { process: started, address: /^(http.*)$/m.exec(said)?.[1] ?? '', said: () => said, exit };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never came to hold');
}

afterEach(() => void child?.kill('SIGKILL'));

const inFlight = async (address: string): Promise<boolean> =>
  (await (await fetch(`${address}/metrics`)).text()).includes('renkei_http_requests_in_flight{app="demo"} 1');

describe('a stop', () => {
  it('finishes what is in flight, takes nothing new, drains, and exits 0', async () => {
    const app = await start();
    const slow = fetch(`${app.address}/trouble/slow`);
    await until(() => inFlight(app.address));
    app.process.kill('SIGTERM');
    await until(() => app.said().includes('"stopping"'));
    await expect(fetch(`${app.address}/trouble/domain`, { headers: { connection: 'close' } })).rejects.toThrow();
    app.process.kill('SIGUSR2');
    const answer = await slow;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('connection')).toBe('close');
    expect(await answer.json()).toEqual({ done: true });
    expect(await app.exit).toBe(0);
    expect(app.said()).toContain('drained');
  });

  it('waits only so long', async () => {
    const app = await start('0', '300');
    const slow = fetch(`${app.address}/trouble/slow`).catch(() => 'cut off');
    await until(() => inFlight(app.address));
    app.process.kill('SIGINT');
    expect(await slow).toBe('cut off');
    expect(await app.exit).toBe(0);
    expect(app.said()).toMatch(/still in flight[\s\S]*|drained/);
  });

  it('exits 1 where a part did not stop', async () => {
    const app = await start('0', '300', 'fails');
    app.process.kill('SIGTERM');
    expect(await app.exit).toBe(1);
  });

  it('says so, and exits 1, where the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const app = await start(String(port));
    expect(await app.exit).toBe(1);
    expect(app.said()).toContain('EADDRINUSE');
    server.close();
  });
});
