import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { itWith, repositoryFiles, ROOT, run } from './support.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-lint-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const scripts = repositoryFiles().filter(
  (path) => !path.includes('/fixtures/') && /^#!.*\b(?:ba)?sh\b/.test(readFileSync(join(ROOT, path), 'utf8').slice(0, 80)),
);

describe('linters of what is deployed', () => {
  itWith('shellcheck')('find nothing in any shell script of the repository', () => {
    expect(scripts).toEqual(expect.arrayContaining(['.ci/run', 'deploy/compose/kafka/start-kafka.sh', 'deploy/compose/prepare.sh']));
    expect(run('shellcheck', scripts)).toBe('');
  });

  itWith('shellcheck')('would find an unquoted variable', () => {
    writeFileSync(join(directory, 'bad.sh'), '#!/bin/sh\nrm $1\n');
    expect(() => run('shellcheck', [join(directory, 'bad.sh')])).toThrow(/SC2086/);
  });

  itWith('hadolint')('find nothing in the Dockerfile', () => {
    expect(run('hadolint', ['deploy/docker/Dockerfile'])).toBe('');
  });

  itWith('hadolint')('would find an image without a version', () => {
    writeFileSync(join(directory, 'Dockerfile'), 'FROM node:latest\n');
    expect(() => run('hadolint', [join(directory, 'Dockerfile')])).toThrow(/DL3007/);
  });
});
