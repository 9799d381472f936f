// A process under load whose EventStoreDB goes away and comes back: it ends only when it is told to. Runs on the double, for it is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EventStoreDouble, startEventStoreDouble } from '../support/eventstoredb/double.js';

const CHILD = fileURLToPath(new URL('./esdb-outage.child.js', import.meta.url));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a process that appends to EventStoreDB', () => {
  let directory: string;
  let double: EventStoreDouble;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-esdb-outage-'));
    double = await startEventStoreDouble();
  });
  afterEach(async () => {
    await double.stop();
    rmSync(directory, { recursive: true });
  });

  it('outlives its server, loses no answer, and stores nothing twice', async () => {
    const child = spawn(process.execPath, [CHILD, join(directory, 'event-store'), double.url], { stdio: ['pipe', 'pipe', 'pipe'] });
    let [out, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const exited = once(child, 'exit');
    try {
      while (!out.startsWith('open')) await pause(10);
      for (let outage = 0; outage < 3; outage += 1) {
        await pause(700);
        await double.kill();
        await pause(300);
        await double.restart({ notReadyMs: 200 });
      }
      double.faults.cutConnections();
      await pause(500);
      child.stdin.end();
      expect([await exited, errors]).toEqual([[0, null], '']);
    } finally {
      child.kill('SIGKILL');
    }
    const answered = out
      .split('\n')
      .slice(1, -2)
      .map((line) => line.split(' '));
    expect(answered.length).toBeGreaterThan(100);
    const records = double.records.filter(({ stream }) => stream.startsWith('renkei.example/core/'));
    const stored = new Map(records.map(({ stream, revision, id }) => [id, `${stream} ${revision}`]));
    expect(stored.size).toBe(records.length);
    expect(answered.filter(([stream, revision, id = '']) => stored.get(id) !== `renkei.example/core/${stream} ${revision}`)).toEqual([]);
    expect(records).toHaveLength(answered.length); // every append was answered in the end
  }, 60_000);
});
