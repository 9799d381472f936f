import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // seen from dist/test/architecture

interface Finding {
  readonly line: number;
  readonly ruleId: string;
}

/** Lints these lines as if they stood in the file `path`, which must exist: types are looked up where it stands. */
function lint(path: string, lines: readonly string[]): readonly Finding[] {
  const eslint = join(ROOT, 'node_modules', 'eslint', 'bin', 'eslint.js');
  const args = [eslint, '--stdin', '--stdin-filename', path, '--format', 'json'];
  // in its single run mode typescript-eslint would read the file and not what is planted
  const env = { ...process.env, TSESTREE_SINGLE_RUN: 'false' };
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, input: lines.join('\n'), encoding: 'utf8', env });
  if (stderr !== '') throw new Error(stderr);
  const [result] = JSON.parse(stdout) as [{ readonly messages: readonly Finding[] }];
  return result.messages;
}

const IN_PURE_CODE: readonly (readonly [rule: string, planted: string])[] = [
  ['no-restricted-imports', "import { createHash } from 'node:crypto'; export { createHash };"],
  ['no-restricted-imports', "import { Injectable } from '@nestjs/common'; export { Injectable };"],
  ['no-restricted-properties', 'export const now = Date.now();'],
  ['no-restricted-syntax', 'export const today = new Date();'],
  ['no-restricted-syntax', 'export const text = Date();'],
  ['no-restricted-properties', 'export const chance = Math.random();'],
  ['no-restricted-properties', 'export const hidden = globalThis.performance;'],
  ['no-restricted-globals', 'export const variables = process.env;'],
  ['no-restricted-globals', 'export const instant = performance.now();'],
  ['no-restricted-globals', 'export const uuid = crypto.randomUUID();'],
  ['no-restricted-globals', "export const answer = fetch('x');"],
  ['no-restricted-globals', 'setTimeout(() => undefined, 1);'],
  ['no-restricted-globals', 'setInterval(() => undefined, 1);'],
];

const ANYWHERE: readonly (readonly [rule: string, planted: string])[] = [
  ['@typescript-eslint/no-floating-promises', 'Promise.resolve(1);'],
  ['@typescript-eslint/no-misused-promises', '[1].forEach(async () => { await Promise.resolve(); });'],
  ['@typescript-eslint/switch-exhaustiveness-check', "export function f(x: 'a' | 'b'): void { switch (x) { case 'a': break; } }"],
  ['@typescript-eslint/no-explicit-any', 'export const value: any = 1;'],
  ['@typescript-eslint/no-unsafe-assignment', "export const parsed = { read: JSON.parse('1') };"],
  ['@typescript-eslint/consistent-type-imports', "import { DomainError } from './domain-error.js'; export type E = DomainError;"],
  ['@typescript-eslint/no-unused-vars', 'const unused = 1;'],
  ['no-console', "console.log('x');"],
  ['no-empty', 'try { void 0; } catch {}'],
];

/** Nest finds what to inject by the class that stands in the constructor: it must stay an import of a value. */
const INJECTED =
  "import { Injectable } from '@nestjs/common'; import { EventStore } from './event-store.js'; @Injectable() export class Reader { constructor(readonly store: EventStore) {} }";

describe('lint rules', () => {
  const planted = [...IN_PURE_CODE, ...ANYWHERE];
  let inKernel: readonly Finding[] = [];
  let inEventStore: readonly Finding[] = [];

  beforeAll(() => {
    const lines = planted.map(([, text]) => text);
    inKernel = lint('libs/kernel/src/messages.ts', lines);
    inEventStore = lint('libs/event-store/src/errors.ts', lines);
  });

  it.each(planted.map(([rule, text], index) => [rule, text, index + 1] as const))('%s refuses in kernel: %s', (rule, _text, line) => {
    expect(inKernel).toContainEqual(expect.objectContaining({ ruleId: rule, line }));
  });

  it('let a class that Nest injects stay an import of a value', () => {
    expect(lint('libs/event-store/src/errors.ts', [INJECTED])).toEqual([]);
  });

  it('leave clocks, randomness and Node to the libs that may have them', () => {
    const rules = new Set(inEventStore.map(({ ruleId }) => ruleId));
    expect([...rules].sort()).toEqual([...new Set(ANYWHERE.map(([rule]) => rule))].sort());
  });
});
