import { checkSeries, COLOURS, type Frame, HEIGHT, INK, layout, QUIET_INK, RULE, short, type ValueAxis, whole } from './frame.js';
import { render } from './render.js';
import { textWidth } from './text-width.js';

export interface BarSeries {
  readonly name: string;
  /** One a category; null where there is none. */
  readonly values: readonly (number | null)[];
}
export interface BarChart extends Frame {
  readonly categories: readonly string[];
  /** One, or several: beside each other, or one upon the other. */
  readonly series: readonly BarSeries[];
  readonly stacked?: boolean;
  /** Bars from left to right, the first category on top: for long names. */
  readonly horizontal?: boolean;
  readonly value?: ValueAxis;
  /** Name of the categories' axis. */
  readonly category?: string;
  /** Writes each value at its bar. Left out: where there is one series of at most 30 bars. */
  readonly labels?: boolean;
}

const LABELLED_BARS_MAX = 30;
const [BAR_PIXELS, GROUP_GAP_PIXELS] = [18, 12];
/** Share of the width that names of horizontal bars may take. */
const NAMES_SHARE_MAX = 0.45;

/** Bars: single, grouped or stacked, upright or from left to right. @returns SVG */
export function barChart(chart: BarChart): string {
  const { categories, series, stacked = false, horizontal = false, value = {}, language = 'en' } = chart;
  const names = series.map(({ name }) => name);
  checkSeries(
    names,
    series.map(({ values }) => values.length),
    categories.length,
  );
  const bars = stacked ? 1 : series.length;
  const { width, height, grid, option } = layout(chart, names, (around) =>
    horizontal ? Math.max(HEIGHT / 2, around + categories.length * (bars * BAR_PIXELS + GROUP_GAP_PIXELS) + 48) : HEIGHT,
  );
  const labelled = chart.labels ?? (series.length === 1 && categories.length <= LABELLED_BARS_MAX);
  const longest = Math.max(0, ...series.flatMap(({ values }) => values.map((one) => (one === null ? 0 : textWidth(whole(one), 12)))));
  const categoryAxis = {
    type: 'category' as const,
    data: [...categories],
    ...axisName(chart.category),
    axisTick: { show: false },
    axisLine: { lineStyle: { color: QUIET_INK } },
    axisLabel: {
      color: INK,
      fontSize: 12,
      ...(horizontal ? { interval: 0, width: Math.floor(width * NAMES_SHARE_MAX), overflow: 'truncate' as const } : { hideOverlap: true }),
    },
    ...(horizontal ? { inverse: true } : {}),
  };
  const valueAxis = { ...valueAxisOf(value, language), ...(value.scale === 'log' ? logStart(series) : {}) };
  return render(
    {
      ...option,
      color: [...COLOURS],
      grid: { ...grid, right: grid.right + (horizontal && labelled ? longest : 0) },
      xAxis: horizontal ? valueAxis : categoryAxis,
      yAxis: horizontal ? categoryAxis : valueAxis,
      series: series.map(({ name, values }) => ({
        type: 'bar' as const,
        name,
        data: [...values],
        ...(stacked ? { stack: 'all' } : {}),
        barMaxWidth: 48,
        silent: true,
        emphasis: { disabled: true },
        label: {
          show: labelled,
          position: stacked ? ('inside' as const) : horizontal ? ('right' as const) : ('top' as const),
          color: stacked ? '#FFFFFF' : INK,
          fontSize: 12,
          formatter: ({ value: one }: { value: unknown }) => (typeof one === 'number' ? whole(one) : ''),
        },
      })),
    },
    { width, height },
    chart.title,
    chart.description,
  );
}

/** Bars on a log axis begin at the power of ten below the least of them: there is no zero. */
function logStart(series: readonly BarSeries[]): { readonly min: number; readonly startValue: number } {
  const positive = series.flatMap(({ values }) => values.filter((one): one is number => one !== null && one > 0));
  const start = 10 ** Math.floor(Math.log10(Math.min(...positive, 1e9)) - 0.1);
  return { min: start, startValue: start };
}

/** Where an axis has a name, it stands at its end. */
export const axisName = (name: string | undefined): object =>
  name === undefined ? {} : { name, nameLocation: 'end', nameGap: 10, nameTextStyle: { color: QUIET_INK, fontSize: 12 } };

export const valueAxisOf = ({ name, scale = 'linear' }: ValueAxis, language: 'en' | 'ja') => ({
  type: scale === 'log' ? ('log' as const) : ('value' as const),
  ...axisName(name),
  axisLabel: { color: INK, fontSize: 12, formatter: (value: number) => short(value, language) },
  splitLine: { lineStyle: { color: RULE } },
});
