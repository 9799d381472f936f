import { axisName, valueAxisOf } from './bars.js';
import { checkSeries, COLOURS, type Frame, HEIGHT, INK, layout, QUIET_INK, type ValueAxis } from './frame.js';
import { render } from './render.js';

export interface LineSeries {
  readonly name: string;
  /** x (of `x.categories` its index), y; in the order of x. null breaks the line. */
  readonly points: readonly (readonly [number, number | null])[];
}
export interface LineChart extends Frame {
  readonly series: readonly LineSeries[];
  /** Numbers on a linear or log axis, or categories (months, days) whose index is x. */
  readonly x: ValueAxis & { readonly categories?: readonly string[] };
  readonly y?: ValueAxis;
  /** Marks each point. Left out: where no series has more than 40. */
  readonly marks?: boolean;
}

const MARKED_POINTS_MAX = 40;
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'circle', 'rect', 'triangle'] as const;
const DASHES = ['solid', 'solid', 'solid', 'solid', 'dashed', 'dashed', 'dashed'] as const;

/** Lines over time (categories), over a number, or over a log axis. @returns SVG */
export function lineChart(chart: LineChart): string {
  const { series, x, y = {}, language = 'en' } = chart;
  const names = series.map(({ name }) => name);
  const lengths = series.map(({ points }) => points.length);
  checkSeries(names, lengths);
  const { width, height, grid, option } = layout(chart, names, () => HEIGHT);
  const marked = chart.marks ?? Math.max(...lengths) <= MARKED_POINTS_MAX;
  const xAxis =
    x.categories === undefined
      ? { ...valueAxisOf(x, language), ...underneath(x.name), splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: QUIET_INK } } }
      : {
          type: 'category' as const,
          data: [...x.categories],
          boundaryGap: false,
          ...underneath(x.name),
          axisLine: { lineStyle: { color: QUIET_INK } },
          axisLabel: { color: INK, fontSize: 12, hideOverlap: true },
        };
  return render(
    {
      ...option,
      color: [...COLOURS],
      grid: { ...grid, right: grid.right + 16 },
      xAxis,
      yAxis: valueAxisOf(y, language),
      series: series.map(({ name, points }, index) => ({
        type: 'line' as const,
        name,
        data: points.map(([at, value]) => [at, value]),
        showSymbol: marked,
        symbol: SYMBOLS[index] ?? 'circle',
        symbolSize: 7,
        lineStyle: { width: 2, type: DASHES[index] ?? 'solid' },
        silent: true,
        emphasis: { disabled: true },
      })),
    },
    { width, height },
    chart.title,
    chart.description,
  );
}

const underneath = (name: string | undefined): object => (name === undefined ? {} : { ...axisName(name), nameLocation: 'middle', nameGap: 28 });
