import { mkdirSync, readdirSync } from 'node:fs';
import type { Command } from 'commander';
import type { ExchangeOutcome, Finding, Reconciliation, Role } from '#libs/domain';
import { grouped, type Progress, type Terminal } from '#libs/terminal';
import { interruptible } from '../bulk/interruption.js';
import { command } from '../command-line/commands.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { findAgency } from '../names/agencies.js';
import { parseInstant } from '../names/instant.js';
import { parseWholeNumber } from '../names/parse.js';
import { type EventStoreOptions, eventStoreWay, withEventStore } from '../parties/event-store-option.js';
import { locationOf } from '../parties/location-of.js';
import { partiesTexts } from '../parties/parties.texts.js';
import { partiesIn, type PartyDirectory } from '../parties/party-directory.js';
import { writeAllEvidence } from './all-evidence.js';
import { reconcileStores, type Reconciled, type ReconcileOptions } from './reconcile-stores.js';
import { reconcileTexts } from './reconcile.texts.js';

interface Options extends EventStoreOptions {
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly agency?: string;
  readonly asOf?: string;
  readonly patience: string;
  readonly evidence?: string;
  readonly limit: string;
}
const PATIENCE_S = 600;
const PATIENCE_S_MAX = 366 * 24 * 3_600;
const SHOWN = 50;
const SHOWN_MAX = 10_000;
const OUTCOMES = ['provided', 'not-provided', 'denied', 'impossible', 'withdrawn', 'lapsed', 'refused', 'open'] as const satisfies readonly ExchangeOutcome[];
const STATUSES = ['matched', 'unmatched', 'found'] as const satisfies readonly Reconciliation['status'][];

/** Throws UsageError; makes the directory for evidence, which must be new or empty. */
function settingsOf(options: Options, parties: readonly PartyDirectory[], session: Session): Omit<ReconcileOptions, 'signal' | 'onProgress'> {
  const { language } = session;
  const say = reconcileTexts(language);
  const instant = (option: string, text: string | undefined): string | undefined =>
    text === undefined ? undefined : parseInstant(option, text, say.badInstant(option));
  const from = instant('--from', options.from);
  const to = instant('--to', options.to);
  const asOf = instant('--as-of', options.asOf);
  if (from !== undefined && to !== undefined && from >= to) throw new UsageError('--to', 'after --from', say.reversed);
  if (!parties.some(({ id }) => id === 'core')) throw new UsageError('--data', 'holds the core’s record', say.noCore);
  return {
    stores: parties.map((party) => ({ id: party.id, location: locationOf(party) })),
    patienceMs: parseWholeNumber('--patience', options.patience, { min: 0, max: PATIENCE_S_MAX }, language) * 1_000,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(options.agency === undefined ? {} : { agency: findAgency('--agency', options.agency, language).registration.code }),
  };
}

function emptyDirectory(directory: string, session: Session): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (readdirSync(directory).length > 0) throw new UsageError('--evidence', 'a new or empty directory', reconcileTexts(session.language).notEmpty(directory));
}

/** Runs it with a bar for each of its two passes; undefined where it was interrupted. */
async function withProgress(settings: Omit<ReconcileOptions, 'signal' | 'onProgress'>, session: Session): Promise<Reconciled | undefined> {
  const say = reconcileTexts(session.language);
  const bars: Partial<Record<'read' | 'compare', Progress>> = {};
  return interruptible(
    () => session.note(say.stopping),
    async (signal) => {
      try {
        return await reconcileStores({
          ...settings,
          signal,
          onProgress(phase, done, total) {
            if (session.json) return;
            if (phase === 'compare') bars.read?.stop();
            bars[phase] ??= session.err.progress(phase === 'read' ? say.reading : say.comparing, total, { rate: phase === 'read' });
            bars[phase].update(done);
          },
        });
      } catch (error) {
        if (signal.aborted) return undefined;
        throw error;
      } finally {
        bars.read?.stop();
        bars.compare?.stop();
      }
    },
  );
}

function printCounts(out: Terminal, { counts }: Reconciled, session: Session): void {
  const say = reconcileTexts(session.language);
  const rows = OUTCOMES.flatMap((outcome) => {
    const of = counts[outcome];
    return of === undefined ? [] : [[say[outcome], ...STATUSES.map((status) => grouped(of[status] ?? 0))]];
  });
  if (rows.length > 0) out.table({ head: [say.outcome, ...STATUSES.map((status) => say[status])], rows, right: [1, 2, 3] });
}

function printFindings(out: Terminal, { found, foundCount, codes }: Reconciled, shown: number, session: Session): void {
  const say = reconcileTexts(session.language);
  const where = ({ parties, citedBy }: Finding): string =>
    [parties.map((role) => say[role]).join(', '), ...(citedBy === undefined ? [] : [say.citedBy(say[citedBy])])].join('\n');
  const all = found.flatMap(({ exchangeId, requester = '?', provider = '?', findings }) =>
    findings.map((finding) => [exchangeId, `${requester} →\n${provider}`, say[finding.code], where(finding), finding.field]),
  );
  const total = Object.values(codes).reduce((sum, count) => sum + count, 0);
  out.line();
  out.line(out.style.red(say.disagree(grouped(foundCount))));
  out.table({ head: [say.exchange, say.parties, say.what, say.where, say.field], rows: all.slice(0, shown) });
  if (total > shown) out.paragraph(say.shown(grouped(Math.min(shown, all.length)), grouped(total)));
}

function print(out: Terminal, reconciled: Reconciled, parties: number, shown: number, session: Session): void {
  const say = reconcileTexts(session.language);
  const { exchanges, asOf, late, awaitedSince, notAtHand, foundCount, unreadable } = reconciled;
  if (exchanges === 0) out.line(say.nothing);
  else {
    out.heading(say.heading(grouped(exchanges), parties));
    out.line(`  ${say.asOfTold(asOf)}`);
    printCounts(out, reconciled, session);
  }
  if (late > 0) out.paragraph(say.late(grouped(late)));
  if (awaitedSince !== undefined) out.paragraph(say.awaitedSince(awaitedSince));
  for (const [role, count] of Object.entries(notAtHand) as [Role, number][]) out.paragraph(say.notAtHand(say[role], grouped(count)));
  if (unreadable > 0) out.paragraph(out.style.red(say.unreadable(grouped(unreadable))));
  if (foundCount > 0) printFindings(out, reconciled, shown, session);
  else if (exchanges > 0 && unreadable === 0) out.line(out.style.green(say.agree));
}

async function run(options: Options, session: Session): Promise<ExitCode> {
  const say = reconcileTexts(session.language);
  const parties = partiesIn(options.data, { language: session.language, eventStore: eventStoreWay(options, session) });
  const settings = settingsOf(options, parties, session);
  const shown = parseWholeNumber('--limit', options.limit, { min: 0, max: SHOWN_MAX }, session.language);
  if (options.evidence !== undefined) emptyDirectory(options.evidence, session);
  const reconciled = await withProgress(settings, session);
  if (reconciled === undefined) {
    session.note(say.interrupted);
    return EXIT.interrupted;
  }
  session.answer(reconciled, (out) => print(out, reconciled, parties.length, shown, session));
  if (options.evidence !== undefined) {
    const { files, unproved } = await writeAllEvidence(options.evidence, reconciled, parties);
    for (const { party, code } of unproved) session.note(say.unproved(party, code));
    session.note(say.evidenceWritten(grouped(files), options.evidence));
  }
  return reconciled.foundCount > 0 || reconciled.unreadable > 0 ? EXIT.no : EXIT.done;
}

export function reconcileCommand(session: Session): Command {
  const say = reconcileTexts(session.language);
  return command<Options>(
    session,
    'reconcile',
    say.reconcile,
    (made) =>
      withEventStore(made, session)
        .requiredOption('--data <directory>', partiesTexts(session.language).data)
        .option('--from <instant>', say.from)
        .option('--to <instant>', say.to)
        .option('--agency <who>', say.agency)
        .option('--as-of <instant>', say.asOf)
        .option('--patience <seconds>', say.patience, String(PATIENCE_S))
        .option('--evidence <directory>', say.evidence)
        .option('--limit <count>', say.limit, String(SHOWN)),
    (options) => run(options, session),
  );
}
