import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { partiesTexts } from './parties.texts.js';

export interface EventStoreOptions {
  readonly eventStore?: string;
  readonly eventStorePasswordFile?: string;
}

/** A way to the EventStoreDB that holds records. Plain data: it crosses threads and processes. */
export interface EventStoreWay {
  /** Connection string; may hold a password, so it is never shown. */
  readonly url: string;
  /** Given by option: then every record that is looked at must be there. From the environment it is for those that are. */
  readonly isOption: boolean;
}

const FORM = /^(esdb(?:\+discover)?:\/\/)(?:([^@/?]*)@)?([^\s/@]+.*)$/;
const URL_MAX = 1_000;

/** `--event-store U [--event-store-password-file F]`: what every command takes that looks at a party's record. */
export function withEventStore(command: Command, session: Session): Command {
  const say = partiesTexts(session.language);
  return command
    .option('--event-store <url>', `${say.eventStore} (EVENT_STORE)`)
    .option('--event-store-password-file <path>', `${say.eventStorePasswordFile} (EVENT_STORE_PASSWORD_FILE)`);
}

/**
 * By option, else EVENT_STORE; undefined where neither is given: a record's own note then says where it is. EVENT_STORE may
 * hold a password, as it does at the servers; on the command line others would see it. Throws UsageError, by what is wrong.
 */
export function eventStoreWay(options: EventStoreOptions, { environment, language }: Session): EventStoreWay | undefined {
  const say = partiesTexts(language);
  const isOption = options.eventStore !== undefined;
  const text = options.eventStore ?? (environment['EVENT_STORE'] || undefined);
  const file = options.eventStorePasswordFile ?? (environment['EVENT_STORE_PASSWORD_FILE'] || undefined);
  if (text === undefined) {
    if (options.eventStorePasswordFile === undefined) return undefined;
    throw new UsageError('--event-store-password-file', 'with --event-store', say.passwordWithoutUser);
  }
  const [, scheme = '', user = '', rest = ''] = (text.length <= URL_MAX && FORM.exec(text)) || [];
  if (scheme === '') throw new UsageError('--event-store', 'a connection string', say.badEventStore);
  const [name = '', password] = user.split(':', 2);
  if (isOption && password !== undefined) throw new UsageError('--event-store', 'without a password', say.passwordShown);
  if (file === undefined) return { url: text, isOption };
  if (name === '') throw new UsageError('--event-store-password-file', 'with --event-store', say.passwordWithoutUser);
  return { url: `${scheme}${name}:${encodeURIComponent(firstLineOf(file))}@${rest}`, isOption };
}

/** Throws the file system's own errors. */
const firstLineOf = (file: string): string => readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
