#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { run } from './program.js';

// built code runs from dist/apps/cli/src
const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as { readonly version: string };

// who reads a pipe may stop reading (`| head`): that is no fault
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

process.exitCode = await run({ args: process.argv.slice(2), environment: process.env, stdout: process.stdout, stderr: process.stderr }, version);
