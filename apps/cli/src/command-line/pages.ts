import type { Command } from 'commander';
import type { PageOptions } from '#libs/agency-sdk';
import { parseText, parseWholeNumber } from '../names/parse.js';
import { queryTexts } from '../query/query.texts.js';
import type { Session } from './session.js';

export interface PagingOptions {
  readonly limit?: string;
  readonly after?: string;
}
const ROWS_MAX = 500;
const CURSOR_CHARACTERS_MAX = 512;

export const pagingOptions = (command: Command, session: Session): Command => {
  const say = queryTexts(session.language);
  return command.option('--limit <count>', say.limit).option('--after <cursor>', say.after);
};

export function pageOf({ limit, after }: PagingOptions, session: Session): PageOptions {
  return {
    ...(limit === undefined ? {} : { limit: parseWholeNumber('--limit', limit, { min: 1, max: ROWS_MAX }, session.language) }),
    ...(after === undefined ? {} : { after: parseText('--after', after, session.language, CURSOR_CHARACTERS_MAX) }),
  };
}
