import { valueAxisOf } from './bars.js';
import { checkSeries, COLOURS, type Frame, HEIGHT, INK, layout, QUIET_INK } from './frame.js';
import { render } from './render.js';

export interface CumulatedChart extends Frame {
  /** Months or other periods, in order. */
  readonly periods: readonly string[];
  /** Names of the two axes, which the legend shows, too. */
  readonly names: { readonly each: string; readonly cumulated: string };
  /** One a period; what is cumulated follows. */
  readonly values: readonly number[];
  /** What had been reached before the first period. */
  readonly before?: number;
}

/** Bars for each period (left axis), a line for their sum so far (right axis): as the network's own statistics are drawn. @returns SVG */
export function cumulatedChart(chart: CumulatedChart): string {
  const { periods, names, values, before = 0, language = 'en' } = chart;
  checkSeries([names.each, names.cumulated], [values.length], periods.length);
  const { width, height, grid, option } = layout(chart, [names.each, names.cumulated], () => HEIGHT);
  let sum = before;
  const cumulated = values.map((value) => (sum += value));
  const named = (name: string, side: 'left' | 'right') => ({
    ...valueAxisOf({ name }, language),
    nameTextStyle: { color: QUIET_INK, fontSize: 12, align: side },
  });
  return render(
    {
      ...option,
      color: [...COLOURS],
      grid,
      xAxis: {
        type: 'category',
        data: [...periods],
        axisTick: { show: false },
        axisLine: { lineStyle: { color: QUIET_INK } },
        axisLabel: { color: INK, fontSize: 12, hideOverlap: true },
      },
      yAxis: [named(names.each, 'left'), { ...named(names.cumulated, 'right'), splitLine: { show: false } }],
      series: [
        { type: 'bar', name: names.each, data: [...values], barMaxWidth: 48, silent: true, emphasis: { disabled: true } },
        {
          type: 'line',
          name: names.cumulated,
          yAxisIndex: 1,
          data: cumulated,
          symbol: 'circle',
          symbolSize: 6,
          showSymbol: values.length <= 60,
          lineStyle: { width: 2 },
          silent: true,
          emphasis: { disabled: true },
        },
      ],
    },
    { width, height },
    chart.title,
    chart.description,
  );
}
