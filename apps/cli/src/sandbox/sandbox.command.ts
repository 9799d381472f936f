import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { DomainError } from '#libs/kernel';
import { dictionary } from '#libs/terminal';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';

const texts = dictionary({
  en: {
    sandbox: 'the whole nation on this machine; all options go to the sandbox (see: renkei sandbox --help)',
    missing: 'there is no sandbox in this build',
  },
  ja: {
    sandbox: '一台の上の全国。オプションはすべてサンドボックスに渡す（renkei sandbox --help を参照）',
    missing: 'このビルドにサンドボックスはありません',
  },
});

/** The sandbox is started, not imported. Built code runs from dist/apps/cli/src/sandbox. */
const MAIN = join(fileURLToPath(new URL('../../../sandbox/src', import.meta.url)), 'main.js');

/** Runs the sandbox in this terminal; signals of the terminal reach it by themselves, others are passed on. */
function runSandbox(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], { stdio: 'inherit' });
    const onTerminate = (): void => void child.kill('SIGTERM');
    const onInterrupt = (): void => undefined; // the terminal tells the child as well: it stops, and then so do we
    process.on('SIGTERM', onTerminate).on('SIGINT', onInterrupt);
    child.on('error', reject).on('close', (status) => {
      process.off('SIGTERM', onTerminate).off('SIGINT', onInterrupt);
      resolve(status ?? EXIT.interrupted);
    });
  });
}

export function sandboxCommand(session: Session): Command {
  const say = texts(session.language);
  const made = command(
    session,
    'sandbox',
    say.sandbox,
    (declared) => declared.argument('[options...]').allowUnknownOption().passThroughOptions(),
    () => EXIT.done,
  );
  // the common options are the sandbox's own here, and go through to it as they stand
  return made.helpOption(false).action(async () => {
    if (!existsSync(MAIN)) throw new DomainError('NO_SANDBOX', 'unavailable', say.missing);
    session.exitCode = await runSandbox(session.argumentsBehind('sandbox'));
  });
}
