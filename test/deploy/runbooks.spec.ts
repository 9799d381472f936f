import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runInProcess } from '../../apps/cli/src/program.fixture.js';
import { deployFiles, DEPLOY, read, ROOT, run } from './support.js';

const runbooks = deployFiles('.md');

/** Every `renkei …` line of a block or a span of code, with its file. */
const commands = runbooks
  .filter((file) => file.startsWith('deploy/runbooks/'))
  .flatMap((file) => [...read(file).matchAll(/(?:^|`)renkei ([a-z][^`\n]*)/gm)].map((match) => [`${file}: ${match[1]}`, match[1] ?? ''] as const));

/** Help of the command that the words before the first option or argument in capitals name. */
async function helpOf(line: string): Promise<string> {
  const words = line.split(/\s+/);
  const end = words.findIndex((word) => /^(?:-|[A-Z])/.test(word));
  const { status, stdout, stderr } = await runInProcess([...words.slice(0, end < 0 ? words.length : end), '--help']);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Places that links of a file lead to, and that do not exist. */
function deadLinks(file: string): string[] {
  return [...read(file).matchAll(/\]\(([^)#\s]*)(?:#([a-z-]+))?\)/g)].flatMap(([whole, path = '', anchor]) => {
    if (/^https?:/.test(path)) return [];
    const target = path === '' ? join(ROOT, file) : join(ROOT, dirname(file), path);
    if (!existsSync(target)) return [whole];
    return anchor === undefined || readFileSync(target, 'utf8').includes(`<a id="${anchor}"></a>`) ? [] : [whole];
  });
}

describe('the runbooks', () => {
  it.each(commands)('%s: is a command with these options', async (_title, line) => {
    const help = await helpOf(line);
    const options = line.match(/--[a-z-]+/g) ?? [];
    expect(options.filter((option) => !new RegExp(`${option}(?![a-z-])`).test(help))).toEqual([]);
  });

  it('use all that a restore, a rotation and a new epoch need', () => {
    const used = commands.map(([, line]) => line).join('\n');
    for (const command of ['verify PARTY', 'ledger rotate-key', 'ledger retire-key', 'ledger open-epoch', 'ledger trust', 'ledger accept-epoch', 'reconcile']) {
      expect(used).toContain(command);
    }
  });

  it('link to what exists', () => {
    expect(runbooks.flatMap((file) => deadLinks(file).map((link) => `${file}: ${link}`))).toEqual([]);
  });
});

describe('identifier-epoch.mjs', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-epoch-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('adds an epoch and keeps the secrets of those before', () => {
    const program = join(DEPLOY, 'init', 'identifier-epoch.mjs');
    const secrets = (): Record<string, string> => JSON.parse(readFileSync(join(directory, 'epoch-secrets.json'), 'utf8')) as Record<string, string>;
    expect(run(process.execPath, [program, directory])).toBe('identifier epoch 2\n');
    const { 1: first, 2: second } = secrets();
    expect(run(process.execPath, [program, directory])).toBe('identifier epoch 3\n');
    expect(secrets()).toMatchObject({ 1: first, 2: second });
  });
});
