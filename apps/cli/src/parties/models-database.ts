import type { Command } from 'commander';
import type { ModelsDatabase } from '#libs/read-models';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { partiesTexts } from './parties.texts.js';

export interface ModelsOptions {
  readonly readModels?: string;
  readonly readModelsPasswordFile?: string;
}

/** `--read-models U [--read-models-password-file F]`; `url`: what the command takes the first one for. */
export function withModels(command: Command, session: Session, url: string): Command {
  const say = partiesTexts(session.language);
  return command
    .option('--read-models <url>', `${url} (READ_MODELS)`)
    .option('--read-models-password-file <path>', `${say.readModelsPasswordFile} (READ_MODELS_PASSWORD_FILE)`);
}

/** By option, else by the servers' own variables. READ_MODELS may hold a password, the command line may not. Rejects with UsageError. */
export async function modelsDatabase(options: ModelsOptions, { environment, language }: Session): Promise<ModelsDatabase> {
  const say = partiesTexts(language);
  const url = options.readModels ?? (environment['READ_MODELS'] || undefined);
  const passwordFile = options.readModelsPasswordFile ?? (environment['READ_MODELS_PASSWORD_FILE'] || undefined);
  if (url === undefined) return {};
  const { isModelsUrl } = await import('#libs/read-models'); // with the engines, which other commands need not
  if (!isModelsUrl(url)) throw new UsageError('--read-models', 'the URL of a database', say.badReadModels);
  if (options.readModels !== undefined && new URL(url).password !== '')
    throw new UsageError('--read-models', 'without a password', say.readModelsPasswordShown);
  return { url, ...(passwordFile === undefined ? {} : { passwordFile }) };
}
