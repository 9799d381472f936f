import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dictionary, languageOf, padEnd, type Sink, Terminal, truncate, wantsColours, widthOf, wrap } from './index.js';

class Paper implements Sink {
  text = '';
  constructor(
    readonly isTTY = false,
    readonly columns = 60,
  ) {}
  write(text: string): void {
    this.text += text;
  }
}

describe('widths', () => {
  it('counts wide characters as two columns, and colours as none', () => {
    expect(widthOf('市A')).toBe(3);
    expect(widthOf('\u001b[32m市\u001b[39m')).toBe(2);
    expect(widthOf(padEnd('児童手当', 12))).toBe(12);
    expect(truncate('児童扶養手当', 7)).toBe('児童扶…');
  });

  it('breaks between wide characters, never so that a closing mark begins a line', () => {
    expect(wrap('情報連携ができます。照会者', 18)).toEqual(['情報連携ができま', 'す。照会者']);
    expect(wrap('who asked whom for what', 10)).toEqual(['who asked', 'whom for', 'what']);
  });

  it('never makes a line wider than asked for, and loses no character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', '市', '、', '（', '。', 'ｱ', '—'), maxLength: 60 }),
        fc.integer({ min: 8, max: 40 }),
        (text, columns) => {
          const lines = wrap(text, columns);
          expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
          // marks that must not begin a line may stand glued in a row: a run of them is cut like a long word
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns + 1);
        },
      ),
    );
  });
});

describe('a terminal', () => {
  it('writes tables whose columns stand below each other in both scripts', () => {
    const paper = new Paper();
    new Terminal(paper).table({
      head: ['機関', 'lines'],
      right: [1],
      rows: [
        ['横浜市', '12'],
        ['Ōsaka', '3,000'],
      ],
    });
    expect(paper.text.split('\n')).toEqual(['  機関    lines', '  横浜市     12', '  Ōsaka   3,000', '']);
  });

  it('breaks the widest column where a table is wider than the window', () => {
    const paper = new Paper(false, 50);
    new Terminal(paper).table({ head: ['a', 'b'], rows: [['x', 'あ'.repeat(40)]] });
    for (const line of paper.text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(50);
  });

  it('draws a timeline with details along a rail', () => {
    const paper = new Paper();
    new Terminal(paper).timeline([
      { mark: 'done', time: '09:00', title: 'asked', details: ['item 74'] },
      { mark: 'refused', title: 'denied' },
    ]);
    expect(paper.text).toBe('  ● 09:00  asked\n  │        item 74\n  ■        denied\n');
  });

  it('prints plain lines of progress where nobody looks', () => {
    const paper = new Paper();
    const progress = new Terminal(paper).progress('agencies', 8);
    for (let done = 0; done <= 8; done += 1) progress.update(done);
    progress.stop();
    expect(paper.text.trim().split('\n')).toHaveLength(5);
  });

  it('has colours only where somebody looks and did not refuse them', () => {
    expect(wantsColours(new Paper(true), {})).toBe(true);
    expect(wantsColours(new Paper(false), {})).toBe(false);
    expect(wantsColours(new Paper(true), { NO_COLOR: '1' })).toBe(false);
    expect(wantsColours(new Paper(true), { TERM: 'dumb' })).toBe(false);
    expect(wantsColours(new Paper(false), { FORCE_COLOR: '1' })).toBe(true);
  });
});

describe('languages', () => {
  it('takes the language from the environment, English where it says nothing', () => {
    expect(languageOf({ LANG: 'ja_JP.UTF-8' })).toBe('ja');
    expect(languageOf({ LANG: 'ja_JP.UTF-8', LC_ALL: 'C' })).toBe('en');
    expect(languageOf({})).toBe('en');
  });

  it('gives sentences with words in them', () => {
    const sentences = dictionary({ en: { hello: (name: string) => `hello ${name}` }, ja: { hello: (name) => `${name}さん、こんにちは` } });
    expect(sentences('ja').hello('A')).toBe('Aさん、こんにちは');
  });
});
