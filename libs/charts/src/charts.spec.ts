import { describe, expect, it } from '@jest/globals';
import { type BarChart, barChart, type CumulatedChart, cumulatedChart, lineChart } from './index.js';

const BARS: BarChart = {
  title: '主な手続 & "procedures" <b>',
  description: 'Provisions of five procedures.',
  source: '出典: 記録',
  language: 'ja',
  categories: ['年金給付関係手続（国民年金法）', '<script>alert(1)</script>', 'c'],
  series: [
    { name: '提供', values: [27_350_706, 6_621_809, null] },
    { name: 'denied', values: [1, 2, 3] },
  ],
};
const CUMULATED: CumulatedChart = {
  title: 'Provisions',
  description: 'Per month, and their sum.',
  periods: ['2019-06', '2019-07', '2019-08'],
  names: { each: 'per month', cumulated: 'cumulated' },
  values: [100, 200, 300],
  before: 400,
};
const lines = (scale: 'linear' | 'log'): string =>
  lineChart({
    title: 'Throughput',
    description: 'Exchanges per second over the length of the history.',
    x: { name: 'exchanges', scale },
    series: [
      {
        name: 'core',
        points: [
          [1e5, 2100],
          [1e6, 2050],
          [1e7, 1990],
        ],
      },
    ],
  });

/** Throws where tags do not close, attributes repeat or stand unquoted, or text holds what XML does not allow bare. @returns names of elements */
function elementsOf(xml: string): readonly string[] {
  const [open, names]: [string[], string[]] = [[], []];
  for (const [, tag, text] of xml.matchAll(/<([^<>]*)>|([^<>]+)/g)) {
    if (text !== undefined && /&(?!(?:#\d+|amp|lt|gt|quot|apos);)/.test(text)) throw new Error(`bare & in ${text}`);
    if (tag === undefined) continue;
    if (tag.startsWith('/')) {
      if (open.pop() !== tag.slice(1)) throw new Error(`</${tag}> closes nothing`);
      continue;
    }
    const [, name = '', attributes = ''] = /^([a-zA-Z]+)((?: [a-zA-Z:-]+="[^"<&]*(?:&[#\w]+;[^"<&]*)*")*) ?$/.exec(tag) ?? [];
    if (name === '') throw new Error(`malformed tag <${tag}>`);
    const keys = [...attributes.matchAll(/ ([a-zA-Z:-]+)="/g)].map(([, key]) => key);
    if (new Set(keys).size !== keys.length) throw new Error(`an attribute twice in <${tag}>`);
    open.push(name);
    names.push(name);
  }
  if (open.length > 0) throw new Error(`${open.join(', ')} not closed`);
  return names;
}

const DRAWN: readonly (readonly [string, () => string])[] = [
  ['bars beside each other', () => barChart(BARS)],
  ['bars one upon the other', () => barChart({ ...BARS, stacked: true })],
  ['bars from left to right', () => barChart({ ...BARS, horizontal: true })],
  ['a line over a number', () => lines('linear')],
  ['a line over a log axis', () => lines('log')],
  ['months and their sum', () => cumulatedChart(CUMULATED)],
  ['nothing', () => barChart({ ...BARS, categories: [], series: [{ name: 'none', values: [] }] })],
];

describe('charts', () => {
  it.each(DRAWN)('draws %s as well-formed SVG, the same each time, without script, link or font', (_name, draw) => {
    const svg = draw();
    expect(draw()).toBe(svg);
    const elements = new Set(elementsOf(svg));
    for (const element of elements) expect(['svg', 'title', 'desc', 'rect', 'path', 'text', 'g', 'defs', 'clipPath']).toContain(element);
    expect(svg.replace(/ xmlns(?::xlink)?="http:\/\/www\.w3\.org\/[^"]*"/g, '')).not.toMatch(/https?:|url\((?!#)|@import|href=|<script|<style/);
    expect(svg).toMatch(
      /^<svg width="960" height="\d+" [^>]*role="img" aria-labelledby="title desc">\n<title id="title">.+<\/title>\n<desc id="desc">.+<\/desc>/,
    );
  });

  it('the checker of this test notices what is not well-formed', () => {
    for (const broken of ['<a><b></a></b>', '<a>x & y</a>', '<a b="1" b="2"></a>', '<a b=1></a>', '<a>']) expect(() => elementsOf(broken)).toThrow();
  });

  it('shows labels as they were given, escaped', () => {
    const svg = barChart({ ...BARS, horizontal: true });
    expect(svg).toContain('年金給付関係手続（国民年金法）');
    expect(svg).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(svg).toContain('主な手続 &amp; &quot;procedures&quot; &lt;b&gt;');
    expect(svg).toContain('<title id="title">主な手続 &#38; &#34;procedures&#34; &#60;b&#62;</title>');
  });

  it('writes no character that XML lacks', () => {
    const svg = barChart({ ...BARS, title: 'a\u0000b\ud800c', categories: ['x\u0007', 'y', 'z'] });
    expect(svg).toContain('a\ufffdb\ufffdc');
    expect(svg).toContain('x\ufffd');
  });

  it('counts wide characters as wide: a longer Japanese name leaves less room for its bar', () => {
    const start = (name: string): number => {
      const svg = barChart({ ...BARS, horizontal: true, categories: [name, 'b', 'c'] });
      return Math.min(...[...svg.matchAll(/<path d="M([\d.]+) [^"]*Z" fill="#0072B2"/g)].map(([, x]) => Number(x)).filter((x) => x > 30));
    };
    expect(start('年金給付関係手続') - start('年金')).toBeCloseTo(6 * 12, -1);
  });

  it('shortens numbers along an axis as the language does, and separates thousands of values', () => {
    expect(barChart(BARS)).toContain('>3,000万<');
    expect(barChart({ ...BARS, language: 'en' })).toContain('>30M<');
    expect(barChart({ ...BARS, labels: true })).toContain('>27,350,706<');
  });

  it('adds up what is cumulated, from what had been reached before', () => {
    const svg = cumulatedChart(CUMULATED);
    expect(svg).toContain('>1k<'); // 400 + 600 on the right axis; the months alone go to 300
    expect(cumulatedChart({ ...CUMULATED, before: 0 })).not.toContain('>1k<');
  });

  it.each([
    ['no series', { series: [] }],
    ['more series than can be told apart', { series: Array.from({ length: 8 }, (_, index) => ({ name: String(index), values: [1, 2, 3] })) }],
    ['two series of one name', { series: [BARS.series[0], BARS.series[0]] as BarChart['series'] }],
    ['a category without value', { series: [{ name: 'a', values: [1] }] }],
    ['a size that nobody can look at', { width: 10 }],
  ])('refuses %s', (_what, wrong) => {
    expect(() => barChart({ ...BARS, ...wrong })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});
