import type { Comparison, RebuildStage } from '#libs/read-models';
import type { Progress, Terminal } from '#libs/terminal';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';
import { rebuildTexts } from './rebuild.texts.js';

/** One rebuild, as it is told of: by a server, or done here. */
export interface ShownRebuild {
  readonly party: string;
  readonly projection: string;
  readonly stage: RebuildStage;
  readonly done: number;
  readonly total: number;
  readonly trouble?: string;
  readonly outcome?: {
    readonly switched: boolean;
    readonly view: { readonly version: number; readonly build: number };
    readonly position: number;
    readonly events: number;
    readonly comparison?: Comparison;
  };
}

const ENDED: ReadonlySet<RebuildStage> = new Set(['done', 'differs', 'failed']);
export const isEnded = ({ stage }: ShownRebuild): boolean => ENDED.has(stage);

/** One bar over all views: what is folded of each, and of what is to be folded. */
export class RebuildBar {
  readonly #session: Session;
  readonly #folded = new Map<string, { readonly done: number; readonly total: number }>();
  #bar: Progress | undefined;
  #total = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  show(rebuilds: readonly ShownRebuild[]): void {
    if (this.#session.json) return;
    for (const rebuild of rebuilds) this.#folded.set(`${rebuild.party}/${rebuild.projection}`, this.#foldedOf(rebuild));
    const all = [...this.#folded.values()];
    const total = all.reduce((sum, folded) => sum + folded.total, 0);
    const done = all.reduce((sum, folded) => sum + folded.done, 0);
    if (total === 0) return;
    // what is to be folded is known when a view begins, and grows while others write
    if (total > this.#total * 1.05) {
      this.#bar?.stop();
      this.#bar = this.#session.err.progress(rebuildTexts(this.#session.language).building, total, { rate: true, from: this.#bar ? done : 0 });
      this.#total = total;
    }
    this.#bar?.update(Math.min(done, this.#total));
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #foldedOf({ party, projection, stage, done, total }: ShownRebuild): { readonly done: number; readonly total: number } {
    const before = this.#folded.get(`${party}/${projection}`) ?? { done: 0, total: 0 };
    if (stage === 'building' || stage === 'catching-up') return { done, total: Math.max(total, before.total) };
    return ENDED.has(stage) ? { done: before.total, total: before.total } : before;
  }
}

/** Prints how each ended; under --json all of it. Says how the program ends. */
export function reportRebuilds(rebuilds: readonly ShownRebuild[], session: Session): ExitCode {
  const say = rebuildTexts(session.language);
  const ok = rebuilds.every(({ stage }) => stage === 'done');
  session.answer({ ok, rebuilds }, (out) => {
    out.table({
      head: [say.view, say.position, say.events, say.result],
      rows: rebuilds.map((rebuild) => [
        `${rebuild.party}/${rebuild.projection}`,
        rebuild.outcome === undefined ? '' : rebuild.outcome.position.toLocaleString('en-US'),
        rebuild.outcome === undefined ? '' : rebuild.outcome.events.toLocaleString('en-US'),
        resultOf(rebuild, session),
      ]),
      right: [1, 2],
    });
    for (const { party, projection, stage, outcome } of rebuilds) {
      if (outcome?.comparison === undefined || outcome.comparison.equal) continue;
      out.heading(`${party}/${projection}`);
      printComparison(outcome.comparison, out, session);
      if (stage === 'differs') out.paragraph(say.takeIt, { indent: 2, dress: out.style.yellow });
    }
  });
  if (ok) return EXIT.done;
  return rebuilds.some(({ trouble, stage }) => stage === 'failed' && trouble === 'REBUILD_DISK_FULL') ? EXIT.notWritten : EXIT.no;
}

function resultOf({ stage, trouble, outcome }: ShownRebuild, session: Session): string {
  const say = rebuildTexts(session.language);
  if (stage === 'failed') return say.failed(trouble ?? '');
  if (stage === 'differs') return say.differs;
  if (stage !== 'done' || outcome === undefined) return say.under;
  if (!outcome.switched) return say.current;
  const { comparison } = outcome;
  return comparison?.equal === true ? `${say.switched}; ${say.equal(comparison.rows, comparison.stateHash.slice(0, 16))}` : say.switched;
}

function printComparison({ against, position, tables, counters }: Comparison, out: Terminal, session: Session): void {
  const say = rebuildTexts(session.language);
  out.line(say.against(against.version, position));
  for (const table of tables) {
    const columns = Object.entries(table.columns).map(([column, rows]) => `${column} (${rows})`);
    const told = [
      say.counts(table.onlyBefore, table.onlyNow, table.changed),
      ...(columns.length === 0 ? [] : [say.columns(columns.join(', '))]),
      ...(table.columnsAdded.length === 0 ? [] : [say.added(table.columnsAdded.join(', '))]),
      ...(table.columnsRemoved.length === 0 ? [] : [say.removed(table.columnsRemoved.join(', '))]),
      ...(table.examples.length === 0 ? [] : [say.examples(table.examples.slice(0, 3).join(', '))]),
    ];
    out.line(`  ${say.table(table.table, table.rowsBefore, table.rows)}`);
    for (const text of told) out.paragraph(text, { indent: 4 });
  }
  for (const { counter, changed } of counters) out.line(`  ${say.counter(counter, changed)}`);
}
