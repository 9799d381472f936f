import { barChart } from '#libs/charts';
import type { ReplayReport, WhatIf } from '#libs/audit';
import { grouped, type Language } from '#libs/terminal';
import type { ChartBy } from './replay-options.js';
import { replayTexts } from './replay.texts.js';
import { breakdown, dimensionsOf, KINDS } from './tables.js';

/** Bars that a reader can still tell apart. */
const BARS_MAX = 30;
const AGREEMENTS = ['agrees', 'differs', 'erased', 'sealed'] as const;

/** What another law would change, or without one how decisions came out again, as SVG. `by`: left out, months where there are several. */
export function chartOf(report: ReplayReport, whatIf: WhatIf | undefined, by: ChartBy | undefined, language: Language): string {
  return whatIf === undefined ? agreementChart(report, language) : changesChart(report, whatIf, by ?? (report.months.length > 1 ? 'month' : 'item'), language);
}

function changesChart({ changes, decisions, months }: ReplayReport, whatIf: WhatIf, by: ChartBy, language: Language): string {
  const say = replayTexts(language);
  const dimension = dimensionsOf(language)[by];
  const rows = breakdown(changes, dimension.keyOf, by === 'month' ? months.length : BARS_MAX, say.rest);
  // months stand in their order, also those in which nothing changes
  const categories = by === 'month' ? months.map(({ month }) => month) : rows.map(({ key }) => key);
  const kinds = KINDS.filter((kind) => changes.some(({ change }) => change === kind));
  const countOf = (category: string, kind: (typeof KINDS)[number]): number => rows.find(({ key }) => key === category)?.counts[kind] ?? 0;
  const changed = changes.reduce((sum, change) => sum + (change.change === 'moved' ? 0 : change.decisions), 0);
  return barChart({
    title: whatIf.kind === 'draft' ? say.underDraft(whatIf.table.version) : say.underDay(whatIf.day),
    subtitle: `${say.chartChanged(grouped(changed), grouped(decisions))} · ${dimension.title}`,
    description: say.chartChanged(grouped(changed), grouped(decisions)),
    source: say.chartSource,
    language,
    categories,
    series: (kinds.length === 0 ? KINDS.slice(0, 1) : kinds).map((kind) => ({
      name: say[kind],
      values: categories.map((category) => countOf(category, kind)),
    })),
    stacked: true,
    horizontal: by !== 'month',
    value: { name: say.decisionsAxis },
  });
}

function agreementChart({ months, decisions }: ReplayReport, language: Language): string {
  const say = replayTexts(language);
  const shown = AGREEMENTS.filter((name) => name === 'agrees' || months.some((month) => month[name] > 0));
  return barChart({
    title: say.chartTitle,
    subtitle: say.heading(grouped(decisions)),
    description: shown.map((name) => `${say[name]}: ${grouped(months.reduce((sum, month) => sum + month[name], 0))}`).join(', '),
    source: say.chartSource,
    language,
    categories: months.map(({ month }) => month),
    series: shown.map((name) => ({ name: say[name], values: months.map((month) => month[name]) })),
    stacked: true,
    value: { name: say.decisionsAxis },
  });
}
