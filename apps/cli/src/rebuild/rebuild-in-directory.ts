import { openStore } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import { type ModelsDatabase, modelsLocation, type PartyKind, projectionsOf, rebuildReadModels, type RebuildState } from '#libs/read-models';
import { interruptible } from '../bulk/interruption.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { asOwner, isOwnedElsewhere } from '../ledger/as-owner.js';
import { eventStoreWay } from '../parties/event-store-option.js';
import { categoryOf, kindOfCategory } from '../parties/kind-of-category.js';
import { locationOf } from '../parties/location-of.js';
import { modelsDatabase } from '../parties/models-database.js';
import { namesOf } from '../parties/open-party.js';
import { partiesIn, type PartyDirectory, partyIn } from '../parties/party-directory.js';
import type { RebuildAsked, RebuildOptions } from './rebuild.command.js';
import { RebuildBar, reportRebuilds, type ShownRebuild } from './rebuild-report.js';
import { rebuildTexts } from './rebuild.texts.js';

type DirectoryOptions = RebuildOptions & { readonly data: string };

/** A party's own kind of event comes among the first ones, behind those about its log. */
const LOOKED_AT_MAX = 10_000;

/** What kind of party a record is of; undefined where it has no read models, or nothing yet. */
async function kindOf(party: PartyDirectory): Promise<PartyKind | undefined> {
  const store = await openStore(locationOf(party), { readOnly: true });
  try {
    const { events } = await store.readAll({ after: 0n, limit: LOOKED_AT_MAX });
    return events.map(({ stream }) => kindOfCategory(categoryOf(stream))).find((kind) => kind !== undefined);
  } finally {
    await store.close();
  }
}

interface Work {
  readonly party: PartyDirectory;
  readonly kind: PartyKind;
  readonly projections: readonly string[];
}

/** Which projections of which parties. Throws UsageError, with what there is, where one that is named is at none of them. */
async function workOf(options: DirectoryOptions, { projections }: RebuildAsked, session: Session): Promise<readonly Work[]> {
  const say = rebuildTexts(session.language);
  const { data, party: ids } = options;
  const where = { language: session.language, eventStore: eventStoreWay(options, session) };
  const parties = ids.length === 0 ? partiesIn(data, where) : ids.map((id) => partyIn(data, id, where));
  const work: Work[] = [];
  for (const party of parties) {
    const kind = await kindOf(party);
    if (kind) work.push({ party, kind, projections: projectionsOf[kind].map(({ name }) => name) });
  }
  if (work.length === 0) throw new UsageError('--data', 'parties with read models', say.noParties);
  const known = [...new Set(work.flatMap((one) => one.projections))].sort();
  const unknown = projections?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      'PROJECTION',
      'a projection of these parties',
      say.unknown(unknown),
      known.map((name) => ({ code: name, name: work.flatMap((one) => (one.projections.includes(name) ? [one.party.id] : [])).join(', ') })),
    );
  return work
    .map((one) => ({ ...one, projections: one.projections.filter((name) => projections?.includes(name) ?? true) }))
    .filter((one) => one.projections.length > 0);
}

/** Under the party's lock: nobody answers meanwhile, so that it goes as fast as it can. */
async function rebuildParty(
  { party, kind, projections }: Work,
  options: DirectoryOptions,
  asked: RebuildAsked,
  run: Running,
): Promise<readonly ShownRebuild[]> {
  const { session, database, atOnce, signal, onState } = run;
  const shown = (state: RebuildState): ShownRebuild => {
    const { outcome, ...rest } = state;
    return { ...rest, party: party.id, ...(outcome === undefined ? {} : { outcome: { ...outcome, position: Number(outcome.position) } }) };
  };
  try {
    return await asOwner(
      { data: options.data, ...(options.keys === undefined ? {} : { keys: options.keys }) },
      party,
      { session, withLedger: false },
      async (owned, { keysDirectory }) => {
        const { deployment, party: name } = namesOf(owned.identity.origin);
        const states = await rebuildReadModels({
          kind,
          store: owned.location,
          keyDirectory: keysDirectory,
          models: modelsLocation({ ...database, dataDirectory: party.dataDirectory, deployment, party: name }),
          projections,
          to: asked.to,
          accept: asked.accept,
          atOnce,
          signal,
          onState: (state) => onState(shown(state)),
        });
        return states.map(shown);
      },
    );
  } catch (error) {
    if (!isOwnedElsewhere(error)) throw error;
    throw new DomainError('STORE_IN_USE', 'unavailable', rebuildTexts(session.language).running(party.id), {}, { cause: error });
  }
}

interface Running {
  readonly session: Session;
  readonly database: ModelsDatabase;
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly onState: (rebuild: ShownRebuild) => void;
}

/** Rebuilds views of parties that no process runs, several at once. Rejects with STORE_IN_USE where one does. */
export async function rebuildInDirectory(options: DirectoryOptions, asked: RebuildAsked, session: Session): Promise<ExitCode> {
  const say = rebuildTexts(session.language);
  const database = await modelsDatabase(options, session);
  const work = await workOf(options, asked, session);
  const bar = new RebuildBar(session);
  const found: ShownRebuild[][] = work.map(() => []);
  const whole = await interruptible(
    () => session.note(say.stopping),
    async (signal) => {
      const partiesAtOnce = Math.min(asked.parallel, work.length);
      const run: Running = {
        session,
        database,
        atOnce: Math.max(1, Math.floor(asked.parallel / partiesAtOnce)),
        signal,
        onState: (rebuild) => bar.show([rebuild]),
      };
      const waiting = [...work.entries()];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
          const [at, one] = next;
          found[at] = [...(await rebuildParty(one, options, asked, run))];
        }
      };
      const outcomes = await Promise.allSettled(Array.from({ length: partiesAtOnce }, worker));
      const refused = outcomes.find((outcome) => outcome.status === 'rejected');
      if (refused) throw refused.reason as Error;
      return !signal.aborted;
    },
  ).finally(() => bar.end());
  if (!whole) {
    session.note(say.interrupted);
    return EXIT.interrupted;
  }
  return reportRebuilds(found.flat(), session);
}
