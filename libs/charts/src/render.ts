import { createRequire } from 'node:module';
import type * as Echarts from 'echarts';
import { textWidth } from './text-width.js';

export type ChartOption = Echarts.EChartsOption;

/** Families that have Japanese on the usual systems, then whatever the reader's has. */
const FONTS = 'Hiragino Sans, Noto Sans CJK JP, Noto Sans JP, Yu Gothic, Meiryo, IPAexGothic, IPAGothic, sans-serif';

let loaded: typeof Echarts | undefined;
/** Read on the first picture: its one file takes a quarter of a second, its six hundred modules five times that. */
function echarts(): typeof Echarts {
  if (loaded === undefined) {
    loaded = createRequire(import.meta.url)('echarts') as typeof Echarts;
    loaded.setPlatformAPI({ measureText: (text, font) => ({ width: textWidth(text, sizeOf(font)) }) });
  }
  return loaded;
}
/** Pixels of `bold 12px sans-serif`. */
const sizeOf = (font: string | undefined): number => Number(/(\d+(?:\.\d+)?)px/.exec(font ?? '')?.[1] ?? 12);

/** Draws; the same option gives the same text. `title` and `description` are for readers who do not see the picture. */
export function render(option: ChartOption, size: { readonly width: number; readonly height: number }, title: string, description: string): string {
  const chart = echarts().init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({ animation: false, backgroundColor: '#FFFFFF', textStyle: { fontFamily: FONTS }, ...readable(option) });
    return framed(chart.renderToSVGString({ useViewBox: true }), title, description);
  } finally {
    chart.dispose();
  }
}

/**
 * Leaves out what only serves a page that is moved over with a mouse (style sheet, classes, meta data), names parts by this
 * picture alone (the library counts pictures of the process), and says what the picture tells.
 */
function framed(svg: string, title: string, description: string): string {
  const bare = svg
    .replace(/<style >[\s\S]*?<\/style>\s*/g, '')
    .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
    .replace(/zr\d+-/g, 'part-')
    .replace(/<defs >/g, '<defs>');
  const [, attributes = '', rest = ''] = /^<svg ([^>]*)>([\s\S]*)$/.exec(bare) ?? [];
  const about = `<title id="title">${escaped(title)}</title>\n<desc id="desc">${escaped(description)}</desc>`;
  return `<svg ${attributes} role="img" aria-labelledby="title desc">\n${about}${rest}${rest.endsWith('\n') ? '' : '\n'}`;
}

const escaped = (text: string): string => characters(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

// eslint-disable-next-line no-control-regex -- the very characters that XML has no way to write
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const characters = (text: string): string => text.toWellFormed().replace(NOT_IN_XML, '\ufffd');

/** Every text of an option with the characters that XML can hold. */
function readable<T>(option: T): T {
  if (typeof option === 'string') return characters(option) as T;
  if (Array.isArray(option)) return option.map(readable) as T;
  if (typeof option === 'object' && option !== null) return Object.fromEntries(Object.entries(option).map(([key, value]) => [key, readable(value)])) as T;
  return option;
}
