import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { command } from '../command-line/commands.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { connectionTexts } from '../connection/connection.texts.js';
import { parseWholeNumber } from '../names/parse.js';
import { type EventStoreOptions, withEventStore } from '../parties/event-store-option.js';
import { type ModelsOptions, withModels } from '../parties/models-database.js';
import { rebuildTexts } from './rebuild.texts.js';

const SHARE_PERCENT = 50;
const PARALLEL_MAX = 16;

export interface RebuildOptions extends EventStoreOptions, ModelsOptions {
  readonly all?: true;
  readonly data?: string;
  readonly keys?: string;
  readonly party: readonly string[];
  readonly back?: true;
  readonly accept?: true;
  readonly share: string;
  readonly parallel: string;
  readonly server?: string;
  readonly serverId?: string;
  readonly operator?: string;
  readonly key?: string;
}
/** What is asked for, checked. */
export interface RebuildAsked {
  /** Undefined: all. */
  readonly projections: readonly string[] | undefined;
  readonly to: 'rebuild' | 'back';
  readonly accept: boolean;
  readonly sharePercent: number;
  readonly parallel: number;
}

export function rebuildCommand(session: Session): Command {
  const say = rebuildTexts(session.language);
  const connection = connectionTexts(session.language);
  const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  return command<RebuildOptions>(
    session,
    'rebuild',
    say.rebuild,
    (made) =>
      withModels(withEventStore(made, session), session, say.readModels)
        .argument('[projection...]', say.projections)
        .option('--all', say.all)
        .option('--data <path>', say.data)
        .option('--keys <path>', say.keys)
        .option('--party <id>', say.party, gather, [])
        .option('--back', say.back)
        .option('--accept', say.accept)
        .option('--share <percent>', say.share, String(SHARE_PERCENT))
        .option('--parallel <count>', say.parallel, String(Math.min(availableParallelism(), PARALLEL_MAX)))
        .option('--server <url>', say.server)
        .option('--server-id <id>', say.serverId)
        .option('--operator <name>', `${connection.operator} (RENKEI_OPERATOR)`)
        .option('--key <path>', `${connection.operatorKey} (RENKEI_KEY)`),
    async (options, [names]) => {
      const projections = (names ?? []) as unknown as readonly string[];
      if (projections.length > 0 === (options.all === true)) throw new UsageError('PROJECTION', 'PROJECTION or --all', say.whichViews);
      if ((options.data === undefined) === (options.server === undefined)) throw new UsageError('--data', '--data or --server', say.whichOne);
      const asked: RebuildAsked = {
        projections: options.all === true ? undefined : projections,
        to: options.back === true ? 'back' : 'rebuild',
        accept: options.accept === true,
        sharePercent: parseWholeNumber('--share', options.share, { min: 5, max: 100 }, session.language),
        parallel: parseWholeNumber('--parallel', options.parallel, { min: 1, max: PARALLEL_MAX }, session.language),
      };
      // stores and Nest: slow to load
      if (options.server !== undefined) return (await import('./rebuild-at-server.js')).rebuildAtServer({ ...options, server: options.server }, asked, session);
      return (await import('./rebuild-in-directory.js')).rebuildInDirectory({ ...options, data: options.data ?? '' }, asked, session);
    },
  );
}
