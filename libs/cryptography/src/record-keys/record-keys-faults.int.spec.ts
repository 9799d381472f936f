import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordKeys } from './record-keys.js';

const MODULE = new URL('./record-keys.js', import.meta.url).href;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-record-keys-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs the script in a process of its own, with `keys` open, and hands each line it prints to `onLine`. */
async function inProcess(script: string, limits: string, onLine: (line: string, kill: () => void) => void): Promise<number | null> {
  const source = `import { RecordKeys } from ${JSON.stringify(MODULE)};\nconst keys = await RecordKeys.open(${JSON.stringify(directory)});\n${script}`;
  const command = `${limits}; exec "${process.execPath}" --input-type=module`;
  const child = spawn('bash', ['-c', command], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end(source);
  createInterface({ input: child.stdout }).on('line', (line) => onLine(line, () => child.kill('SIGKILL')));
  const [status] = (await once(child, 'close')) as [number | null];
  return status;
}

describe('record keys in trouble', () => {
  it('are all there after a kill -9, as far as ensure resolved', async () => {
    const acknowledged: string[] = [];
    const script = `for (let index = 0; ; index += 1) { await keys.ensure(['subject/a/' + index]); console.log('subject/a/' + index); }`;
    await inProcess(script, ':', (line, kill) => {
      acknowledged.push(line);
      if (acknowledged.length === 50) kill();
    });
    const keys = await RecordKeys.open(directory);
    expect(acknowledged.length).toBeGreaterThanOrEqual(50);
    expect(acknowledged.filter((keyId) => typeof keys.get(keyId) !== 'object')).toEqual([]);
    await keys.close();
  });

  it('are refused on a full disk while those that are there still open, and the process goes on', async () => {
    const said: string[] = [];
    const script = `
      const id = (index) => 'subject/a/' + String(index).padStart(32, '0');
      let made = 0;
      for (let refused = 0; refused < 3; ) {
        const ids = Array.from({ length: 500 }, (_, offset) => id(made + offset));
        try { await keys.ensure(ids); made += ids.length; } catch (error) { refused += 1; console.log(error.code + ' ' + error.kind); }
      }
      console.log(Array.from({ length: made }, (_, index) => keys.get(id(index))).every((key) => typeof key === 'object'));
      await keys.close();
      console.log(made);`;
    const status = await inProcess(script, 'ulimit -S -f 1000', (line) => said.push(line)); // in blocks of 512 or 1,024 bytes
    expect(status).toBe(0);
    expect(said.slice(0, 4)).toEqual([...Array<string>(3).fill('RECORD_KEYS_UNAVAILABLE unavailable'), 'true']);
    const made = Number(said[4]);
    expect(made).toBeGreaterThan(1_000);
    const keys = await RecordKeys.open(directory);
    expect(Array.from({ length: made }, (_, index) => keys.get(`subject/a/${String(index).padStart(32, '0')}`)).every((key) => typeof key === 'object')).toBe(
      true,
    );
    await keys.close();
  });
});
