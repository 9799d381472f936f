import type { BundleReport, Finding, Refusal, ReportedLog } from '#libs/proofs';
import { dictionary, grouped, type Language, type Mark, type Terminal, type TimelineEntry } from '#libs/terminal';
import { printFacts } from '../command-line/facts.js';
import { aboutWords } from './about-words.js';
import { findingText, refusalText } from './finding.texts.js';

const texts = dictionary({
  en: {
    heading: 'Audit bundle',
    about: 'About',
    made: 'Made',
    stated: (instant: string) => `${instant} (stated, not proved)`,
    entries: 'Entries',
    ofLogs: (entries: string, logs: string, exchanges: string) => `${entries} (logs: ${logs}, exchanges: ${exchanges})`,
    logs: 'Logs',
    log: 'log',
    size: 'size',
    count: 'entries',
    signed: 'signed by',
    witnesses: 'cosigned by (size, time)',
    pinned: 'key given by you',
    fromFile: 'key from this file',
    nobody: 'nobody',
    proved: 'Proved',
    failed: 'Not true',
    notProved: 'Not proved',
    inEntry: (index: string) => `entry ${index}`,
    inExchange: (id: string) => `exchange ${id}`,
    more: (count: string) => `and ${count} more`,
    verified: 'Verified: everything in this bundle holds.',
    verifiedUnpinned: 'Everything in this bundle agrees with itself. Whether it is the log of whom it says, the keys decide: none was given.',
    notVerified: (count: string) => `Not verified: ${count} things in this bundle do not hold.`,
    refused: (why: string, code: string) => `Refused: ${why} (${code}).`,
    at: 'Where',
    rule: 'Rule',
  },
  ja: {
    heading: '監査用ファイル',
    about: '対象',
    made: '作成',
    stated: (instant) => `${instant}（申告、証明なし）`,
    entries: '記録',
    ofLogs: (entries, logs, exchanges) => `${entries} 件（台帳 ${logs}、情報連携 ${exchanges} 件）`,
    logs: '台帳',
    log: '台帳',
    size: '大きさ',
    count: '記録',
    signed: '署名',
    witnesses: '連署（大きさ、時刻）',
    pinned: '指定された鍵',
    fromFile: 'このファイルの鍵',
    nobody: 'なし',
    proved: '証明されたこと',
    failed: '成り立たないこと',
    notProved: '証明されていないこと',
    inEntry: (index) => `記録 ${index}`,
    inExchange: (id) => `情報連携 ${id}`,
    more: (count) => `ほか ${count} 件`,
    verified: '検証されました: このファイルのすべてが成り立ちます。',
    verifiedUnpinned: 'このファイルの内容はすべて整合しています。名のとおりの台帳であるかは鍵によりますが、鍵は指定されていません。',
    notVerified: (count) => `検証されません: このファイルの ${count} 件が成り立ちません。`,
    refused: (why, code) => `拒否: ${why}（${code}）`,
    at: '位置',
    rule: '規則',
  },
});

/** Failures shown to people; `--json` has more. */
const FAILURES_SHOWN_MAX = 50;
const nameOf = (vkey: string): string => vkey.slice(0, vkey.indexOf('+'));

function logRow({ origin, size, entries, signedBy, witnesses }: ReportedLog, language: Language): readonly string[] {
  const say = texts(language);
  const from = (expected: boolean): string => (expected ? say.pinned : say.fromFile);
  const witnessed = witnesses.map(({ key, size: seen, timeSeconds, expected }) => {
    const at = new Date(timeSeconds * 1_000);
    return `${nameOf(key)} (${grouped(seen)}, ${Number.isNaN(at.getTime()) ? timeSeconds : at.toISOString()}): ${from(expected)}`;
  });
  return [
    origin,
    size === undefined ? '–' : grouped(size),
    grouped(entries),
    signedBy.map(({ expected }) => from(expected)).join('\n') || say.nobody,
    witnessed.join('\n') || say.nobody,
  ];
}

type AnyFinding = Finding<Parameters<typeof findingText>[1]>;

/** Findings that say the same, of several logs, in one: the logs below it, each with its own count. */
function entriesOf(mark: Mark, findings: readonly AnyFinding[], language: Language): TimelineEntry[] {
  const say = texts(language);
  const groups = new Map<string, AnyFinding[]>();
  for (const finding of findings) {
    const key = findingText(language, finding.code, 0, finding.what);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].map((group) => {
    const [{ code, what }] = group as [AnyFinding, ...AnyFinding[]];
    const count = group.reduce((sum, one) => sum + one.count, 0);
    const places = group.map(({ log, entry, exchange, count: ofLog }) => {
      const where = [log, entry === undefined ? undefined : say.inEntry(String(entry)), exchange === undefined ? undefined : say.inExchange(exchange)];
      const text = where.filter((part) => part !== undefined).join(', ');
      return text !== '' && group.length > 1 && count > group.length ? `${text}: ${grouped(ofLog)}` : text;
    });
    return { mark, title: findingText(language, code, count, what), details: [code, ...places.filter((place) => place !== '').map((place) => `  ${place}`)] };
  });
}

/** What was proved, what does not hold, what cannot be shown. */
export function printReport(out: Terminal, report: BundleReport, language: Language): void {
  const say = texts(language);
  const { about, madeAt, logs, entries, exchanges, proved, failed, failures, notProved, keysPinned, outcome } = report;
  out.heading(say.heading);
  printFacts(out, [
    [say.about, aboutWords(about, language)],
    [say.made, say.stated(madeAt)],
    [say.entries, say.ofLogs(grouped(entries), String(logs.length), grouped(exchanges))],
  ]);
  out.heading(say.logs);
  out.table({ head: [say.log, say.size, say.count, say.signed, say.witnesses], rows: logs.map((log) => logRow(log, language)), right: [1, 2] });
  const groups = [
    [say.proved, 'done', proved],
    [say.failed, 'failed', failed.slice(0, FAILURES_SHOWN_MAX)],
    [say.notProved, 'note', notProved],
  ] as const;
  for (const [title, mark, findings] of groups) {
    if (findings.length === 0) continue;
    out.heading(title);
    out.timeline(entriesOf(mark, findings, language));
  }
  if (failures > FAILURES_SHOWN_MAX) out.line(`  ${say.more(grouped(failures - FAILURES_SHOWN_MAX))}`);
  out.line();
  if (outcome === 'failed') out.paragraph(say.notVerified(grouped(failures)), { dress: out.style.red });
  else if (keysPinned) out.paragraph(say.verified, { dress: out.style.green });
  else out.paragraph(say.verifiedUnpinned, { dress: out.style.yellow });
}

export function printRefusal(out: Terminal, { code, at, rule }: Refusal, language: Language): void {
  const say = texts(language);
  out.paragraph(say.refused(refusalText(language, code), code), { dress: out.style.red });
  printFacts(out, [
    [say.at, at],
    [say.rule, rule],
  ]);
}
