import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // seen from dist/test/architecture
const CHECKER = join(ROOT, 'test', 'architecture', 'import-rules.mjs');

function check(...args: string[]): { status: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CHECKER, ...args], { encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return { status, lines: stdout.split('\n').filter((text) => text !== '') };
}

function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'renkei-imports-'));
  const manifest = { dependencies: { kysely: '1', '@nestjs/common': '1' }, devDependencies: { 'fast-check': '1' } };
  for (const [path, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** Files that break no rule. */
const LAWFUL = {
  'libs/kernel/src/index.ts': "export * from './ids.js';",
  'libs/kernel/src/ids.ts': '',
  'libs/domain/src/index.ts': "export { x } from './agency/agency.decider.js';",
  'libs/domain/src/agency/agency.decider.ts': "import { y } from '#libs/kernel';\nimport { z } from './agency.events.js';",
  'libs/domain/src/agency/agency.events.ts': "import type { q } from './agency.decider.js'; // a circle within one subject",
  'libs/domain/src/agency/agency.decider.spec.ts': "import fc from 'fast-check';\nimport { x } from '#libs/domain';",
  'libs/read-models/src/index.ts': "import { Kysely } from 'kysely';\nimport { readFileSync } from 'node:fs';\nnew URL('./sql.worker.js', import.meta.url);",
  'libs/read-models/src/sql.worker.ts': "new URL('../data/view.json', import.meta.url);",
  'libs/ledger/src/log.int.spec.ts': "import '#libs/event-store';",
  'libs/ledger/src/server.int.spec.ts': "import '../../../test/support/server/server.js';",
  'test/support/server/server.ts': '',
  'apps/core/src/index.ts': "import '#libs/read-models';\nimport { Module } from '@nestjs/common';",
  'apps/sandbox/src/main.ts': "import { core } from '#apps/core';",
  'test/e2e/exchange.spec.ts': "import '#apps/core';\nimport '#libs/domain';\nimport 'fast-check';",
};

/** What is wrong, in which file, with which text, and the words the checker must find for it. */
const VIOLATIONS: readonly (readonly [title: string, path: string, text: string, words: string])[] = [
  ['a lib that the table does not let it import', 'libs/domain/src/up.ts', "import '#libs/commands';", 'lib domain may not import commands'],
  ['the same by export … from', 'libs/ledger/src/again.ts', "export * from '#libs/domain';", 'lib ledger may not import domain'],
  ['the same by a dynamic import', 'libs/platform/src/late.ts', "await import('#libs/event-store');", 'lib platform may not import event-store'],
  ['the same by a type', 'libs/event-store/src/type.ts', "type T = import('#libs/domain').T;", 'lib event-store may not import domain'],
  ['a real store from the ledger itself', 'libs/ledger/src/store.ts', "import '#libs/event-store';", 'lib ledger may not import event-store'],
  ['an app from a lib', 'libs/commands/src/app.ts', "import '#apps/core';", 'lib commands may not import app core'],
  ['an app from another app', 'apps/cli/src/main.ts', "import '#apps/core';", 'app cli may not import app core'],
  ['a file behind the index of a lib', 'apps/core/src/deep.ts', "import '#libs/read-models/sqlite';", 'only the index, #libs/read-models, is open'],
  ['another lib by a relative path', 'libs/domain/src/leave.ts', "import '../../kernel/src/ids.js';", 'leaves lib domain'],
  [
    'another lib by the place of a worker',
    'libs/commands/src/work.ts',
    "new URL('../../read-models/src/sql.worker.js', import.meta.url);",
    'leaves lib commands',
  ],
  ['another app by a relative path', 'apps/core/src/leave.ts', "import '../../cli/src/main.js';", 'leaves app core'],
  ['a worker that does not exist', 'libs/read-models/src/lost.ts', "new URL('./lost.worker.js', import.meta.url);", 'does not exist'],
  ['its own index', 'libs/cryptography/src/self.ts', "import '#libs/cryptography';", 'imports its own index'],
  ['a lib nobody knows', 'apps/core/src/ghost.ts', "import '#libs/ghost';", 'no known lib'],
  ['an alias nobody knows', 'apps/core/src/alias.ts', "import '#core';", 'there are only #libs/… and #apps/…'],
  ["Node's modules in domain", 'libs/domain/src/disk.ts', "import { readFileSync } from 'node:fs';", 'is pure: it may not import node:fs'],
  ["Node's modules in kernel", 'libs/kernel/src/digest.ts', "import { createHash } from 'crypto';", 'is pure: it may not import crypto'],
  ['an npm package in kernel', 'libs/kernel/src/package.ts', "import 'kysely';", 'is pure: it may not import the package kysely'],
  ['Nest in domain', 'libs/domain/src/nest.ts', "import { Injectable } from '@nestjs/common';", 'is pure: it may not import the package @nestjs/common'],
  ['Nest in ledger', 'libs/ledger/src/nest.ts', "import { Injectable } from '@nestjs/common';", 'lib ledger is free of Nest'],
  ['Nest in agency-sdk', 'libs/agency-sdk/src/nest.ts', "import { Injectable } from '@nestjs/common/x';", 'lib agency-sdk is free of Nest'],
  ['a development dependency in code that ships', 'apps/core/src/dev.ts', "import fc from 'fast-check';", 'imports fast-check, which is not in package.json'],
  ['a package that is not declared', 'libs/commands/src/foreign.ts', "const x = require('left-pad/lib');", 'imports left-pad, which is not in package.json'],
  ['a test from code that ships', 'libs/domain/src/cheat.ts', "import './agency/agency.decider.spec.js';", 'may not import the test'],
  ['a server for tests from code that ships', 'libs/commands/src/serve.ts', "import '../../../test/support/server/server.js';", 'leaves lib commands'],
  ['a server for tests that does not exist', 'libs/commands/src/lost.spec.ts', "import '../../../test/support/lost.js';", 'does not exist'],
  ['a module of Node without its prefix', 'libs/commands/src/bare.ts', "import 'fs';", 'write node:fs'],
  ['a computed name', 'libs/commands/src/computed.ts', 'await import(name);', 'computed name'],
  ['a place on a machine', 'libs/commands/src/machine.ts', "import '/opt/x.js';", 'by its place on a machine'],
  ['a lib that has no row in the table', 'libs/sundries/src/index.ts', '', 'libs/sundries:1  is not in the table'],
];

describe('import rules', () => {
  it('hold in this repository', () => {
    expect(check()).toEqual({ status: 0, lines: [] });
  });

  it('let a lawful tree pass', () => {
    const root = plant(LAWFUL);
    expect(check(root)).toEqual({ status: 0, lines: [] });
    rmSync(root, { recursive: true });
  });

  it('refuse a circle of files that spans two subjects, type imports included', () => {
    const root = plant({
      'libs/domain/src/agency/agency.events.ts': "import type { a } from '../query/query.events.js';",
      'libs/domain/src/query/query.events.ts': "import { b } from '../codes.js';",
      'libs/domain/src/codes.ts': "export { c } from './agency/agency.events.js';",
    });
    const { status, lines } = check(root);
    expect(status).toBe(1);
    expect(lines).toEqual([
      'libs/domain/src/agency/agency.events.ts:1  imports itself in a circle across subjects: ' +
        'libs/domain/src/agency/agency.events.ts, libs/domain/src/codes.ts, libs/domain/src/query/query.events.ts',
    ]);
    rmSync(root, { recursive: true });
  });

  describe('name a planted', () => {
    let root = '';
    let lines: string[] = [];

    beforeAll(() => {
      const planted = VIOLATIONS.map(([, path, text]) => [path, `\n${text}`]);
      root = plant({ ...LAWFUL, ...(Object.fromEntries(planted) as Record<string, string>) });
      const result = check(root);
      expect(result.status).toBe(1);
      lines = result.lines;
    });
    afterAll(() => rmSync(root, { recursive: true }));

    it.each(VIOLATIONS)('import of %s', (_title, path, text, words) => {
      const found = lines.filter((violation) => violation.includes(words) && violation.startsWith(text === '' ? 'libs/' : `${path}:2`));
      expect(found).toHaveLength(1);
    });

    it('violation once each, and nothing else', () => {
      expect(lines).toHaveLength(VIOLATIONS.length);
    });
  });
});
