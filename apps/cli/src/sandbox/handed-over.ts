import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { DomainError } from '#libs/kernel';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';

/** The sandbox is started, not imported. Built code runs from dist/apps/cli/src/sandbox. */
const SANDBOX = fileURLToPath(new URL('../../../sandbox/src', import.meta.url));

/** Runs a main of the sandbox in this terminal; signals of the terminal reach it by themselves, others are passed on. */
function runMain(main: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', main, ...args], { stdio: 'inherit' });
    const onTerminate = (): void => void child.kill('SIGTERM');
    const onInterrupt = (): void => undefined; // the terminal tells the child as well: it stops, and then so do we
    process.on('SIGTERM', onTerminate).on('SIGINT', onInterrupt);
    child.on('error', reject).on('close', (status) => {
      process.off('SIGTERM', onTerminate).off('SIGINT', onInterrupt);
      resolve(status ?? EXIT.interrupted);
    });
  });
}

/** A command that hands everything over to a main of the sandbox, its path below `sandbox/src`. */
export function handedOver(session: Session, name: string, main: string, { about, missing }: { readonly about: string; readonly missing: string }): Command {
  const made = command(
    session,
    name,
    about,
    (declared) => declared.argument('[options...]').allowUnknownOption().passThroughOptions(),
    () => EXIT.done,
  );
  const path = join(SANDBOX, main);
  // the common options are the sandbox's own here, and go through to it as they stand
  return made.helpOption(false).action(async () => {
    if (!existsSync(path)) throw new DomainError('NO_SANDBOX', 'unavailable', missing);
    session.exitCode = await runMain(path, session.argumentsBehind(name));
  });
}
