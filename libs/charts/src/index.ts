export { type BarChart, barChart, type BarSeries } from './bars.js';
export { type CumulatedChart, cumulatedChart } from './cumulated.js';
export { COLOURS, type Frame, POINTS_MAX, SERIES_MAX, type ValueAxis } from './frame.js';
export { type LineChart, lineChart, type LineSeries } from './lines.js';
