import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runCli } from './run-cli.js';

const EXPLAIN = ['matrix', 'explain', '--requester', '札幌市', '--affair', '57', '--provider', '青森市', '--on', '2020-05-08'];

describe('the built program, as a process', () => {
  const directory = mkdtempSync(join(tmpdir(), 'renkei-cli-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('answers in both languages, and ends with 0 for yes and 1 for no', async () => {
    const [yes, no] = await Promise.all([
      runCli([...EXPLAIN, '--information', '2']),
      runCli([...EXPLAIN, '--information', '児童扶養手当関係情報'], { environment: { LANG: 'ja_JP.UTF-8' } }),
    ]);
    expect({ status: yes.status, says: yes.stdout.startsWith('Yes.') }).toEqual({ status: 0, says: true });
    expect({ status: no.status, says: no.stdout.startsWith('否') }).toEqual({ status: 1, says: true });
  });

  it('ends with 2 for a wrong option, and with 78 where it knows no server', async () => {
    const [wrong, unknown] = await Promise.all([runCli([...EXPLAIN, '--information', '2', '--om', 'x']), runCli(['records', 'search', '--role', 'provider'])]);
    expect({ status: wrong.status, stdout: wrong.stdout }).toEqual({ status: 2, stdout: '' });
    expect(unknown.status).toBe(78);
    for (const option of ['--server', '--agency', '--key']) expect(unknown.stderr).toContain(`${option} or RENKEI_`);
  });

  it('ends with 69 where nobody listens', async () => {
    const keys = join(directory, 'keys');
    const made = await runCli(['keys', 'create', '--directory', keys, '--json']);
    expect(made.status).toBe(0);
    expect(statSync(join(keys, 'signing-current.pem')).mode & 0o777).toBe(0o600);
    expect((await runCli(['keys', 'create', '--directory', keys])).status).toBe(2);
    const shown = await runCli(['keys', 'show', '--directory', keys, '--json']);
    expect(JSON.parse(shown.stdout)).toEqual(JSON.parse(made.stdout));
    const environment = { RENKEI_SERVER: 'http://127.0.0.1:9', RENKEI_AGENCY: '札幌市', RENKEI_KEY: keys };
    const { status, stderr } = await runCli(['query', 'results', '--json'], { environment });
    expect({ status, error: JSON.parse(stderr) as unknown }).toMatchObject({ status: 69, error: { error: { code: 'SERVER_UNREACHABLE' } } });
    const token = await runCli(['token', '--path', '/results?limit=1'], { environment });
    expect(token.stdout).toMatch(/^curl -sS -H 'authorization: Bearer [\w.-]+' 'http:\/\/127\.0\.0\.1:9\/results\?limit=1'\n$/);
  });

  it('reads numbers of persons from standard input, and does not repeat them', async () => {
    const { status, stdout } = await runCli(['codes', 'check', '-', '--json'], { input: '123456789018\n' });
    expect({ status, verdict: JSON.parse(stdout) as unknown }).toEqual({ status: 0, verdict: { kind: 'individual-number', valid: true } });
  });

  it('passes everything behind its name to the sandbox', async () => {
    const { status, stdout } = await runCli(['sandbox', '--help']);
    expect({ status, told: stdout.includes('--data DIR') }).toEqual({ status: 0, told: true });
    expect((await runCli(['sandbox', '--nonsense'])).status).toBe(2);
  });
});
