import { invalid } from '#libs/kernel';
import type { ChartOption } from './render.js';
import { textWidth } from './text-width.js';

/** What stands around every picture. Texts are plain; they are escaped here. */
export interface Frame {
  readonly title: string;
  readonly subtitle?: string;
  /** What the picture tells, in a sentence or two, for readers who do not see it. */
  readonly description: string;
  /** Below the picture: where the figures come from, what is assumed. */
  readonly source?: string;
  /** Pixels; left out: 960, and a height that fits the content. */
  readonly width?: number;
  readonly height?: number;
  /** How large numbers are shortened along axes: 2M or 200万. */
  readonly language?: 'en' | 'ja';
}

export interface ValueAxis {
  readonly name?: string;
  readonly scale?: 'linear' | 'log';
}

/** Series that can be told apart: by colour (Okabe and Ito's palette, safe for colour-blind readers), dash and symbol. */
export const SERIES_MAX = 7;
/** Categories or points of a series; a picture with more tells nothing. */
export const POINTS_MAX = 5_000;
export const COLOURS = ['#0072B2', '#E69F00', '#009E73', '#D55E00', '#CC79A7', '#56B4E9', '#4D4D4D'] as const;

export const INK = '#222222';
export const QUIET_INK = '#555555';
export const RULE = '#DDDDDD';

const WIDTH = 960;
export const HEIGHT = 480;
const [SIDE_MIN, SIDE_MAX] = [240, 8_000];
export const MARGIN = 24;
/** A legend's mark, and the room after its words. */
const LEGEND_ITEM_EXTRA = 48;

interface Grid {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  readonly outerBoundsMode: 'same';
  readonly outerBoundsContain: 'all';
}
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly option: ChartOption;
  /** Room of the drawing itself, with its axes and their names. */
  readonly grid: Grid;
}

const linesOf = (text: string, size: number, width: number): number =>
  text.split('\n').reduce((lines, line) => lines + Math.max(1, Math.ceil(textWidth(line, size) / width)), 0);

/** Places title, legend and source; what is left is the grid. */
export function layout(frame: Frame, legend: readonly string[], defaultHeight: (around: number) => number): Layout {
  const width = side('width', frame.width ?? WIDTH);
  const inner = width - 2 * MARGIN;
  const titleHeight = linesOf(frame.title, 18, inner) * 24;
  const subtitleHeight = frame.subtitle === undefined ? 0 : linesOf(frame.subtitle, 13, inner) * 18;
  const legendTop = MARGIN + titleHeight + subtitleHeight + 4;
  const legendHeight = legend.length < 2 ? 0 : legendRows(legend, inner) * 24;
  const top = legendTop + legendHeight + 8;
  const sourceHeight = frame.source === undefined ? 0 : linesOf(frame.source, 11, inner) * 15 + 8;
  const bottom = sourceHeight + 16;
  const height = side('height', frame.height ?? defaultHeight(top + bottom));
  return {
    width,
    height,
    grid: { top, bottom, left: MARGIN, right: MARGIN, outerBoundsMode: 'same', outerBoundsContain: 'all' },
    option: {
      title: [
        {
          text: frame.title,
          ...(frame.subtitle === undefined ? {} : { subtext: frame.subtitle }),
          left: MARGIN,
          top: MARGIN - 8,
          padding: 0,
          itemGap: 6,
          textStyle: { fontSize: 18, lineHeight: 24, fontWeight: 'bold', color: INK, width: inner, overflow: 'break' },
          subtextStyle: { fontSize: 13, lineHeight: 18, color: QUIET_INK, width: inner, overflow: 'break' },
        },
        ...(frame.source === undefined ? [] : [sourceLine(frame.source, inner)]),
      ],
      legend: {
        show: legendHeight > 0,
        left: MARGIN,
        top: legendTop,
        width: inner,
        padding: 0,
        itemGap: 16,
        itemWidth: 22,
        textStyle: { fontSize: 13, color: INK },
        data: [...legend],
      },
    },
  };
}

const sourceLine = (source: string, inner: number): object => ({
  subtext: source,
  left: MARGIN,
  bottom: 10,
  padding: 0,
  itemGap: 0,
  subtextStyle: { fontSize: 11, lineHeight: 15, color: QUIET_INK, width: inner, overflow: 'break' },
});

function legendRows(names: readonly string[], width: number): number {
  let [rows, used] = [1, 0];
  for (const name of names) {
    const wanted = textWidth(name, 13) + LEGEND_ITEM_EXTRA;
    if (used > 0 && used + wanted > width) [rows, used] = [rows + 1, 0];
    used += wanted;
  }
  return rows;
}

function side(field: string, pixels: number): number {
  if (!Number.isInteger(pixels) || pixels < SIDE_MIN || pixels > SIDE_MAX)
    throw invalid(field, `a whole number from ${SIDE_MIN} to ${SIDE_MAX}`, `${field} is no size of a picture`);
  return pixels;
}

/** Refuses what could not be drawn so that somebody reads it. */
export function checkSeries(names: readonly string[], lengths: readonly number[], length?: number): void {
  if (names.length === 0 || names.length > SERIES_MAX) throw invalid('series', `1 to ${SERIES_MAX}`, 'that many series cannot be told apart');
  if (new Set(names).size !== names.length) throw invalid('series', 'names that differ', 'two series have one name');
  for (const own of lengths) {
    if (own > POINTS_MAX) throw invalid('series', `at most ${POINTS_MAX} points`, 'too many points');
    if (length !== undefined && own !== length) throw invalid('series', 'a value for each category', 'values and categories differ in number');
  }
}

const UNITS = {
  en: [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ],
  ja: [
    [1e8, '億'],
    [1e4, '万'],
  ],
} as const;

/** A number along an axis: 1500000 as 1.5M or 150万. */
export function short(value: number, language: 'en' | 'ja' = 'en'): string {
  const [size, unit] = UNITS[language].find(([size]) => Math.abs(value) >= size) ?? [1, ''];
  return `${whole(Number((value / size).toPrecision(4)))}${unit}`;
}
/** With thousands separated, as far as it goes. */
export function whole(value: number): string {
  const [digits = '', ...rest] = String(Number(value.toPrecision(12))).split('.');
  return [/e/.test(digits) ? digits : digits.replace(/\B(?=(\d{3})+$)/g, ','), ...rest].join('.');
}
