import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '#libs/kernel';
import { VERIFIED_PER_LOG_MAX } from './known-log.js';
import { KnownLogs, type VerifyOptions } from './known-logs.js';
import { MemoryLog, newLogKey } from './memory-log.fixture.js';

const ORIGIN = 'renkei.example/core/1';
const key = newLogKey(ORIGIN);
const log = new MemoryLog(ORIGIN, [key], 400);
/** The same first 50 entries, then others: another history under the same key. */
const fork = new MemoryLog(ORIGIN, [key], 400, { fork: 'other', forksAt: 50 });

let directory: string;
let known: KnownLogs;
const file = (): string => join(directory, 'known-logs.json');
const open = (pinned: readonly string[] = [key.text]): Promise<KnownLogs> => KnownLogs.open(directory, { pinned });
const evidence = (): readonly Record<string, unknown>[] =>
  readdirSync(join(directory, 'evidence')).map((name) => JSON.parse(readFileSync(join(directory, 'evidence', name), 'utf8')) as Record<string, unknown>);
const codeOf = (verifying: Promise<unknown>): Promise<unknown> =>
  verifying.then(
    () => 'verified',
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
const verify = (note: string, options?: VerifyOptions): Promise<unknown> => codeOf(known.verify(note, options));

/** Counts how often a file of the directory is replaced. */
function watched(path: string, name: string): () => Promise<number> {
  let count = 0;
  const watcher = watch(path, (event, changed) => {
    if (event === 'rename' && changed === name) count += 1;
  });
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    watcher.close();
    return count;
  };
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-known-logs-'));
  known = await open();
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a checkpoint', () => {
  it('is taken the first time on the signature of a pinned key alone', async () => {
    const verified = await known.verify(log.note(100));
    expect(verified).toMatchObject({ origin: ORIGIN, size: 100, note: log.note(100) });
    expect(verified.root).toEqual(log.root(100));
    expect(known.largest(ORIGIN)).toBe(verified);
  });

  it.each<[string, () => string, VerifyOptions, string]>([
    ['is no note', () => 'nonsense', {}, 'LEDGER_NOTE_MALFORMED'],
    ['is a signed text but no checkpoint', () => log.note(100).replace('\n100\n', '\n0100\n'), {}, 'LEDGER_NOTE_MALFORMED'],
    ['is of another party', () => new MemoryLog('renkei.example/east/1', [newLogKey('renkei.example/east/1')], 3).note(3), {}, 'LEDGER_WRONG_TREE'],
    ['has no origin of this form', () => log.note(100, [key], 'renkei.example'), {}, 'LEDGER_WRONG_TREE'],
    ['is of another log than the one asked', () => log.note(100), { log: 'renkei.example/east' }, 'LEDGER_WRONG_TREE'],
    ['is of an epoch that nobody accepted', () => log.note(100, [newLogKey('renkei.example/core/2')], 'renkei.example/core/2'), {}, 'LEDGER_EPOCH_UNKNOWN'],
    ['is signed by another key', () => log.note(100, [newLogKey(ORIGIN)]), {}, 'LEDGER_KEY_UNKNOWN'],
    ['is changed after it was signed', () => log.note(100).replace('\n100\n', '\n101\n'), {}, 'LEDGER_KEY_UNKNOWN'],
  ])('is refused where it %s', async (_what, note, options, code) => {
    expect(await verify(note(), options)).toBe(code);
    expect(known.largest(ORIGIN)).toBeUndefined();
  });

  it.each<[string, number, () => VerifyOptions, string]>([
    ['larger, with its proof', 200, () => ({ proof: log.proof(100, 200) }), 'verified'],
    ['larger, its proof fetched', 200, () => ({ fetch: log.fetch }), 'verified'],
    ['larger, with a proof from elsewhere, the right one fetched', 200, () => ({ proof: log.proof(60, 200), fetch: log.fetch }), 'verified'],
    ['larger, with a garbled proof, the right one fetched', 200, () => ({ proof: { from: 100, hashes: ['A'] }, fetch: log.fetch }), 'verified'],
    ['larger, without a proof', 200, () => ({}), 'LEDGER_PROOF_MISSING'],
    ['larger, with a proof from elsewhere', 200, () => ({ proof: log.proof(60, 200) }), 'LEDGER_PROOF_MISSING'],
    ['smaller, with its proof', 60, () => ({ proof: log.proof(60, 100) }), 'verified'],
    ['smaller, its proof fetched', 60, () => ({ fetch: log.fetch }), 'verified'],
    ['smaller, without a proof', 60, () => ({}), 'LEDGER_PROOF_MISSING'],
    ['the same again', 100, () => ({}), 'verified'],
    ['of the empty log', 0, () => ({}), 'verified'],
  ])('is judged after one of size 100: %s', async (_what, size, options, outcome) => {
    await known.verify(log.note(100));
    expect(await verify(log.note(size), options())).toBe(outcome);
    expect(known.largest(ORIGIN)?.size).toBe(outcome === 'verified' ? Math.max(size, 100) : 100);
    expect(known.contradictions).toBe(0);
  });

  it('is asked for again where the log cannot be reached for a proof', async () => {
    await known.verify(log.note(100));
    const fetch = (): Promise<never> => Promise.reject(new DomainError('DOWN', 'unavailable', 'down'));
    await expect(known.verify(log.note(200), { fetch })).rejects.toMatchObject({ code: 'LEDGER_PROOF_MISSING', kind: 'unavailable' });
    expect(await verify(log.note(200), { fetch: log.fetch })).toBe('verified');
  });
});

describe('a log that contradicts itself is refused, with both of its checkpoints as evidence', () => {
  it.each<[string, () => string, () => VerifyOptions, string]>([
    ['another root at the same size', () => fork.note(100), () => ({}), 'OTHER_ROOT'],
    ['another root at a size verified before', () => fork.note(80), () => ({}), 'OTHER_ROOT'],
    ['a larger tree that does not hold what it held', () => fork.note(200), () => ({ fetch: fork.fetch }), 'NOT_AN_EXTENSION'],
    ['a larger tree with a proof that leads elsewhere', () => fork.note(200), () => ({ proof: fork.proof(100, 200) }), 'NOT_AN_EXTENSION'],
    ['a smaller tree that is no beginning of it', () => fork.note(60), () => ({ fetch: log.fetch }), 'NOT_AN_EXTENSION'],
    ['a log that was rolled back', () => log.note(90), () => ({ fetch: new MemoryLog(ORIGIN, [key], 90).fetch }), 'SIZE_DENIED'],
  ])('%s', async (_what, note, options, finding) => {
    await known.verify(log.note(80));
    await known.verify(log.note(100), { proof: log.proof(80, 100) });
    expect(await verify(note(), options())).toBe('LEDGER_INCONSISTENT');
    expect(await verify(note(), options())).toBe('LEDGER_INCONSISTENT');
    const kept = finding === 'OTHER_ROOT' && note().includes('\n80\n') ? log.note(80) : log.note(100);
    expect(evidence()).toMatchObject([{ v: 1, log: 'renkei.example/core', finding, kept, shown: note() }]);
    expect(evidence()[0]?.foundAt).toMatch(/^\d{4}-/);
    expect(known.contradictions).toBe(1);
    expect(known.largest(ORIGIN)?.size).toBe(100);
    expect((await open()).contradictions).toBe(1);
  });

  it('where two branches come at the same moment, one of them at most', async () => {
    const both = [log.note(120), fork.note(130)];
    const outcomes = await Promise.all(both.map((note) => verify(note, { fetch: log.fetch })));
    expect(outcomes.sort()).toEqual(['LEDGER_INCONSISTENT', 'verified']);
    await known.verify(log.note(140), { fetch: log.fetch });
    const larger = [log.note(200), fork.note(210)];
    const fetches = [log.fetch, fork.fetch] as const;
    expect(await Promise.all(larger.map((note, at) => verify(note, { fetch: fetches[at] ?? log.fetch })))).toEqual(['verified', 'LEDGER_INCONSISTENT']);
  });

  it('in any order of arrival: what is verified is one history', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 400 })), { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        async (shown, at1) => {
          rmSync(directory, { recursive: true });
          known = await open();
          const results: { readonly log: MemoryLog; readonly size: number }[] = [];
          const show = async ([isFork, size]: [boolean, number]): Promise<void> => {
            const branch = isFork ? fork : log;
            if ((await verify(branch.note(size), { fetch: branch.fetch })) === 'verified') results.push({ log: branch, size });
          };
          if (at1) await Promise.all(shown.map(show));
          else for (const one of shown) await show(one);
          const branches = new Set(results.filter(({ size }) => size > 50).map(({ log: branch }) => branch));
          expect(branches.size).toBeLessThanOrEqual(1);
          const [[isFork, size] = [false, 0]] = shown;
          if (!at1) expect(results[0]).toEqual({ log: isFork ? fork : log, size });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('what is known', () => {
  it('is on disk before anybody is told, and there after a restart', async () => {
    await known.verify(log.note(100));
    const written = JSON.parse(readFileSync(file(), 'utf8')) as { readonly logs: unknown };
    expect(written.logs).toEqual([{ origin: ORIGIN, keys: [key.text], checkpoint: log.note(100), closed: [] }]);
    known = await open();
    expect(known.largest(ORIGIN)?.size).toBe(100);
    expect(await verify(fork.note(100))).toBe('LEDGER_INCONSISTENT');
  });

  it('is written once for many that were verified together, and not for what is known already', async () => {
    const sizes = Array.from({ length: 50 }, (_, index) => 101 + index);
    await known.verify(log.note(100));
    const before = statSync(file(), { bigint: true }).mtimeNs;
    await known.verify(log.note(100));
    expect(statSync(file(), { bigint: true }).mtimeNs).toBe(before);
    const fetched: number[] = [];
    const fetch = async (from: number, to: number): Promise<readonly string[]> => {
      fetched.push(to);
      await new Promise((resolve) => setTimeout(resolve, 2));
      return log.fetch(from, to);
    };
    const replaced = watched(directory, 'known-logs.json');
    await Promise.all(sizes.map((size) => known.verify(log.note(size), { fetch })));
    expect(readFileSync(file(), 'utf8')).toContain(JSON.stringify(log.note(150)));
    // the first one, then the largest, then all the others at once
    expect(fetched.length).toBeLessThanOrEqual(sizes.length + 2);
    expect(await replaced()).toBeLessThan(10);
  });

  it('is not told where it cannot be written, and then neither later from memory', async () => {
    await known.verify(log.note(100));
    rmSync(directory, { recursive: true });
    const options = { proof: log.proof(100, 200) };
    expect([await verify(log.note(200), options), await verify(log.note(200), options)]).toEqual(['KNOWN_LOGS_UNWRITABLE', 'KNOWN_LOGS_UNWRITABLE']);
    mkdirSync(directory);
    expect(await verify(log.note(200), options)).toBe('verified');
    expect(existsSync(file())).toBe(true);
  });

  it('is refused where any byte of the file has changed, and never forgotten in silence', async () => {
    await known.verify(log.note(100));
    const whole = readFileSync(file());
    for (let at = 0; at < whole.length - 1; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file(), changed);
      const code = await codeOf(open());
      // whitespace between values is no content
      if (code !== 'KNOWN_LOGS_CORRUPTED') expect(JSON.parse(changed.toString())).toEqual(JSON.parse(whole.toString()));
    }
    for (const text of ['', '{}', whole.subarray(0, whole.length / 2).toString()]) {
      writeFileSync(file(), text);
      expect(await codeOf(open())).toBe('KNOWN_LOGS_CORRUPTED');
    }
  });

  it('does not grow with what is shown', async () => {
    await known.verify(log.note(400));
    for (let size = 1; size <= VERIFIED_PER_LOG_MAX + 20; size += 1) await known.verify(log.note(size), { fetch: log.fetch });
    const before = statSync(file()).size;
    expect(await verify(log.note(400))).toBe('verified');
    expect(await verify(fork.note(400))).toBe('LEDGER_INCONSISTENT');
    // one that was forgotten is proved again
    expect(await verify(fork.note(51), { fetch: fork.fetch })).toBe('LEDGER_INCONSISTENT');
    expect(statSync(file()).size).toBe(before);
  });
});

describe('keys and epochs', () => {
  const next = newLogKey(ORIGIN);
  const second = newLogKey('renkei.example/core/2');
  const restored = new MemoryLog('renkei.example/core/2', [second], 400, { fork: 'restored', forksAt: 90 });

  it('a checkpoint of two keys is taken on either, and the other one is trusted once its owner tells of it', async () => {
    expect(await verify(log.note(100, [next, key]))).toBe('verified');
    expect(await verify(log.note(120, [next]), { fetch: log.fetch })).toBe('LEDGER_KEY_UNKNOWN');
    expect(await verify(log.note(100, [next, key]), { candidates: [next.text] })).toBe('verified');
    expect(known.known('renkei.example/core')?.keys).toEqual([key.text, next.text]);
    known = await open();
    expect(await verify(log.note(120, [next]), { fetch: log.fetch })).toBe('verified');
  });

  it('a key that its owner tells of is not trusted where it did not sign, or signed alone, or a contradiction', async () => {
    await known.verify(log.note(100));
    expect(await verify(log.note(110), { candidates: [next.text], fetch: log.fetch })).toBe('verified');
    expect(await verify(log.note(120, [next]), { candidates: [next.text], fetch: log.fetch })).toBe('LEDGER_KEY_UNKNOWN');
    expect(await verify(fork.note(120, [key, next]), { candidates: [next.text], fetch: fork.fetch })).toBe('LEDGER_INCONSISTENT');
    expect(await verify(log.note(120), { candidates: [second.text, 'nonsense'], fetch: log.fetch })).toBe('verified');
    expect(known.known('renkei.example/core')?.keys).toEqual([key.text]);
  });

  it('a new epoch is taken after an operator trusts it, and then the one before is refused', async () => {
    await known.verify(log.note(100));
    expect(await verify(restored.note(95))).toBe('LEDGER_EPOCH_UNKNOWN');
    await known.trust(second.text);
    expect(await verify(restored.note(95))).toBe('verified');
    expect(await verify(log.note(100))).toBe('LEDGER_EPOCH_UNKNOWN');
    expect(known.largest(ORIGIN)).toBeUndefined();
    known = await open();
    expect(known.known('renkei.example/core')).toMatchObject({ origin: 'renkei.example/core/2', keys: [second.text] });
    expect(await verify(log.note(120), { fetch: log.fetch })).toBe('LEDGER_EPOCH_UNKNOWN');
    expect(await codeOf(known.trust(key.text))).toBe('LEDGER_EPOCH_UNKNOWN');
    expect(readFileSync(file(), 'utf8')).toContain(JSON.stringify(log.note(100)));
  });

  it("an operator's file is read when an unknown key or epoch is met, while the verifier runs", async () => {
    await known.verify(log.note(100));
    const trusted = join(directory, 'trusted-keys');
    writeFileSync(trusted, `# the core's next key\n\n${next.text}\nnot a key\n`);
    expect(await verify(log.note(120, [next]), { fetch: log.fetch })).toBe('verified');
    appendFileSync(trusted, `${second.text}\n`);
    expect(await verify(restored.note(95))).toBe('verified');
    expect(await codeOf(open())).toBe('TRUSTED_KEYS_MALFORMED');
    writeFileSync(trusted, '');
    expect(await codeOf(open())).toBe('verified');
  });

  it.each(['', 'nonsense', key.text.replace('core/1', 'core'), key.text.replace('core/1', 'core/2')])(
    'refuse a pinned text that is no key of a log: %p',
    async (text) => {
      expect(await codeOf(open([text]))).toBe('INVALID_INPUT');
    },
  );

  it('of a log have a bound: the oldest that signs no more makes room', async () => {
    await known.verify(log.note(100));
    const more = Array.from({ length: 9 }, () => newLogKey(ORIGIN));
    for (const one of more) await known.verify(log.note(100, [key, one]), { candidates: [one.text] });
    expect(known.known('renkei.example/core')?.keys).toEqual([key, ...more.slice(-7)].map(({ text }) => text));
  });
});
