import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectionsOf } from '../models-of-party.js';
import { at, contentOf, core, exchangeId, facts, TestParty } from '../party.fixture.js';
import { Follower } from '../folding/follower.js';
import { ModelFile } from './model-file.js';
import { type SqliteModel, SqliteModels } from './sqlite-models.js';

const EXCHANGES = 12_000;
const KILLS = 6;
const child = fileURLToPath(new URL('./fold.child.js', import.meta.url));

describe('a process killed while it folds', () => {
  let party: TestParty;
  beforeAll(async () => {
    party = await TestParty.open('core');
    const keyId = 'record/core/2020-05';
    const identifier = party.cipher.issue('9900000000000001', party.cipher.linkOf('12345678901'), 1);
    for (let from = 0; from < EXCHANGES; from += 500) {
      const streams = Array.from({ length: 500 }, (_, offset) => `exchange-${exchangeId(from + offset)}`);
      await party.record(...streams.map((stream) => ({ stream, events: [core.permitted(identifier, facts())], at: at(1), keyId })));
      await party.record(...streams.map((stream) => ({ stream, events: [core.provided(at(2))], at: at(2), keyId })));
    }
  });
  afterAll(() => party.close());

  /** Runs the child and kills it after some time; true where it had come to the end. */
  async function foldAndKill(afterMs: number): Promise<boolean> {
    const process_ = spawn(process.execPath, [child, JSON.stringify(party.places)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let done = false;
    const exited = new Promise((resolve) => process_.once('exit', resolve));
    await new Promise<void>((resolve) => {
      process_.stdout.on('data', (chunk: Buffer) => {
        if (chunk.includes('done')) done = true;
        resolve();
      });
      process_.once('exit', () => resolve());
    });
    await sleep(afterMs);
    process_.kill('SIGKILL');
    await exited;
    return done;
  }

  /** The same events folded at a stroke, up to a position. */
  async function folded(file: ModelFile, round: number): Promise<Record<string, readonly unknown[]>> {
    const models = new SqliteModels(join(party.directory, `again-${round}`), [file.projection]);
    const follower = new Follower(models.models[0] as SqliteModel, party.secrets(), () => undefined);
    const { events } = await party.store.readAll({ after: 0n, limit: 10_000 });
    let after = 0n;
    for (let page = events; page.length > 0 && after < file.checkpoint; page = (await party.store.readAll({ after, limit: 10_000 })).events) {
      const within = page.filter(({ position }) => position <= file.checkpoint);
      after = within.at(-1)?.position ?? file.checkpoint;
      await follower.take({ events: within, next: after, atEnd: false });
    }
    const content = await contentOf(follower.model.shown.rows, file.projection);
    models.close();
    return content;
  }

  it('leaves rows and checkpoint that agree, and goes on from there', async () => {
    const checkpoints: bigint[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      await foldAndKill(30 + 40 * round);
      const modelsDirectory = join(party.directory, 'read-models');
      const [exchanges] = projectionsOf.core;
      if (!exchanges) throw new Error('the core has projections');
      const file = ModelFile.open(modelsDirectory, exchanges);
      checkpoints.push(file.checkpoint);
      expect(await contentOf(file, file.projection)).toEqual(await folded(file, round));
      file.close();
    }
    expect(checkpoints).toEqual([...checkpoints].sort((a, b) => (a < b ? -1 : 1)));
    expect(checkpoints.some((position) => position > 0n && position < party.position)).toBe(true);
  }, 120_000);
});
