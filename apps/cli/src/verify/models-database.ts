import type { Command } from 'commander';
import { isModelsUrl, type ModelsDatabase } from '#libs/read-models';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { verifyTexts } from './verify.texts.js';

export interface ModelsOptions {
  readonly readModels?: string;
  readonly readModelsPasswordFile?: string;
}

/** `--read-models U [--read-models-password-file F]`. */
export function withModels(command: Command, session: Session): Command {
  const say = verifyTexts(session.language);
  return command
    .option('--read-models <url>', `${say.readModelsUrl} (READ_MODELS)`)
    .option('--read-models-password-file <path>', `${say.readModelsPasswordFile} (READ_MODELS_PASSWORD_FILE)`);
}

/** By option, else by the servers' own variables. READ_MODELS may hold a password, the command line may not. Throws UsageError. */
export function modelsDatabase(options: ModelsOptions, { environment, language }: Session): ModelsDatabase {
  const say = verifyTexts(language);
  const url = options.readModels ?? (environment['READ_MODELS'] || undefined);
  const passwordFile = options.readModelsPasswordFile ?? (environment['READ_MODELS_PASSWORD_FILE'] || undefined);
  if (url === undefined) return {};
  if (!isModelsUrl(url)) throw new UsageError('--read-models', 'the URL of a database', say.badReadModels);
  if (options.readModels !== undefined && new URL(url).password !== '')
    throw new UsageError('--read-models', 'without a password', say.readModelsPasswordShown);
  return { url, ...(passwordFile === undefined ? {} : { passwordFile }) };
}
