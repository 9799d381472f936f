import { dictionary } from '#libs/terminal';
import type { Outcome } from './exchanges.js';

const outcomesEn: Readonly<Record<Outcome, string>> = {
  provided: 'provided at once',
  released: 'held, then released by an official',
  'no-record': 'the provider has no such record',
  'not-provided': 'held, then ended by an official',
  lapsed: 'held, and lapsed',
  impossible: 'the provider holds no identifier',
  denied: 'denied by the law',
};
const outcomesJa: Readonly<Record<Outcome, string>> = {
  provided: '自動で提供',
  released: '保留後、職員が提供',
  'no-record': '該当記録なし',
  'not-provided': '保留後、職員が提供せず終了',
  lapsed: '保留のまま有効期間満了',
  impossible: '提供者が符号を保有せず',
  denied: '法により不許可',
};

export const simulateTexts = dictionary({
  en: {
    banner: 'Simulation of the network’s load',
    what: (exchanges: string, seed: string, from: string, to: string) => `${exchanges} exchanges of seed ${seed}, ${from} to ${to}`,
    fast: 'histories written in bulk, by the same deciders and codecs; no servers in between',
    nation: 'a nation that runs: every query through its agency’s interface',
    settingUp: 'law, register and agencies …',
    setUp: (seconds: string) => `law, register and agencies in ${seconds} s`,
    progress: 'exchanges',
    stopping: 'stopping after what is under way …',
    stopped: (recorded: string, exchanges: string) => `Stopped: ${recorded} of ${exchanges} exchanges are recorded whole.`,
    kept: (directory: string) => `The data is in ${directory}. Check it: renkei verify --data ${directory}`,
    removed: 'The temporary data is removed; --data DIR keeps it.',
    beside: 'Beside the source’s figures (provisions, 2017-07-18 to 2020-05-07)',
    figure: 'figure',
    here: 'here',
    share: 'share',
    source: 'source',
    sourceShare: 'its share',
    provisions: 'provisions',
    before: 'before 2019-06-17',
    since: 'since 2019-06-17',
    otherProcedures: 'other procedures',
    otherInformation: 'other informations',
    wholeSpan: 'The source’s shares are of the whole span: another span has others.',
    outcomes: 'Outcomes. The source tells none but provisions: these shares are our assumption.',
    outcome: 'outcome',
    exchanges: 'exchanges',
    outcomeName: (outcome: Outcome) => outcomesEn[outcome],
    classes: 'Requesters by class of institution (which classes use which procedures is assumed)',
    agencyClass: 'class',
    measured: 'Measured',
    rate: (rate: string, seconds: string) => `${rate} exchanges/s; ${seconds} s from the first to the last, with all that they need`,
    logs: (seconds: string) => `${seconds} s more until every entry was in its log`,
    bytes: (bytes: string, all: string) =>
      `${bytes} bytes an exchange over all parties, proofs, identifiers and replicas included; ${all} in all with law and register`,
    memory: (mib: string) => `${mib} MiB of memory at most (anonymous)`,
    exchangesRule: (most: string) => `--exchanges takes a number from 1 to ${most}`,
    seedRule: '--seed takes a number of at most 18 digits',
    dayRule: (option: string) => `${option} takes a day: YYYY-MM-DD`,
    spanRule: (option: string, first: string, last: string) => `${option} lies within ${first} and ${last}: what the source tells of`,
    reversed: (from: string, to: string) => `--to ${to} is before --from ${from}`,
    dataRule: '--data takes a directory',
    full: (directory: string, needed: string) => `${directory} has too little room: about ${needed} GiB are needed`,
    holds: (directory: string, recorded: string, exchanges: string, seed: string) =>
      `${directory} holds a simulation already: ${recorded} of ${exchanges} exchanges of seed ${seed} are recorded whole. Look at it with renkei verify and reconcile, or name another directory.`,
    notEmpty: (directory: string) => `${directory} is not empty: name a new directory`,
    usage: `Usage: renkei simulate [options]

A nation’s load, from a seed: procedures, informations, agencies and periods in the proportions of the source document.
The same seed gives the same exchange ids, parties, outcomes and counts; event ids, keys and bytes differ.

  --exchanges N   how many, 1 to 100,000,000 (default 1000)
  --seed S        a number of at most 18 digits (default 1)
  --from DAY      first day, not before 2017-07-18 (default)
  --to DAY        last day, not after 2020-05-07 (default)
  --fast          histories written in bulk through the same deciders: no servers, no read models until the next start
  --data DIR      keep the data in a new directory, for verify, reconcile, replay and the sandbox
  --lang ja|en    language (default: from the environment)
  --json          the summary as JSON on standard output, nothing else
  --help          this text`,
  },
  ja: {
    banner: '情報連携の負荷のシミュレーション',
    what: (exchanges, seed, from, to) => `シード ${seed}、${exchanges} 件、${from} から ${to} まで`,
    fast: '同じ判定規則・同じ符号化で履歴を一括作成（サーバーを介さない）',
    nation: '稼働中の「国」：すべての照会が機関の接続口を通る',
    settingUp: '別表第二・機関の登録…',
    setUp: (seconds) => `別表第二・機関の登録 ${seconds} 秒`,
    progress: '情報連携',
    stopping: '処理中のものを終えてから停止します…',
    stopped: (recorded, exchanges) => `停止しました：${exchanges} 件中 ${recorded} 件を完全に記録済み。`,
    kept: (directory) => `データの場所：${directory}。確認するには：renkei verify --data ${directory}`,
    removed: '一時データは削除しました（残すには --data DIR）。',
    beside: '資料の数値との対比（情報提供件数、平成29年7月18日～令和2年5月7日）',
    figure: '項目',
    here: '今回',
    share: '割合',
    source: '資料',
    sourceShare: '資料の割合',
    provisions: '情報提供件数',
    before: '令和元年6月17日より前',
    since: '令和元年6月17日以降',
    otherProcedures: 'その他の手続',
    otherInformation: 'その他の特定個人情報',
    wholeSpan: '資料の割合は全期間のものであり、期間が異なれば割合も異なります。',
    outcomes: '結果。資料にあるのは提供件数のみであり、以下の割合は仮定です。',
    outcome: '結果',
    exchanges: '件数',
    outcomeName: (outcome) => outcomesJa[outcome],
    classes: '情報照会者の区分（どの区分がどの手続を行うかは仮定）',
    agencyClass: '区分',
    measured: '計測',
    rate: (rate, seconds) => `毎秒 ${rate} 件（符号・副本の登録を含め最初から最後まで ${seconds} 秒）`,
    logs: (seconds) => `全件がログに入るまで、さらに ${seconds} 秒`,
    bytes: (bytes, all) => `1件あたり ${bytes} バイト（全当事者の合計。証明・符号・副本を含む）、別表・機関の登録を含む総量 ${all}`,
    memory: (mib) => `メモリ最大 ${mib} MiB（匿名領域）`,
    exchangesRule: (most) => `--exchanges は 1 から ${most} までの数です`,
    seedRule: '--seed は18桁以内の数です',
    dayRule: (option) => `${option} は日付（YYYY-MM-DD）です`,
    spanRule: (option, first, last) => `${option} は ${first} から ${last} まで（資料の対象期間）です`,
    reversed: (from, to) => `--to ${to} が --from ${from} より前です`,
    dataRule: '--data はディレクトリです',
    full: (directory, needed) => `${directory} の空き容量が足りません：約 ${needed} GiB が必要です`,
    holds: (directory, recorded, exchanges, seed) =>
      `${directory} には既にシミュレーションがあります：シード ${seed}、${exchanges} 件中 ${recorded} 件を完全に記録済み。renkei verify・reconcile で確認するか、別のディレクトリを指定してください。`,
    notEmpty: (directory) => `${directory} は空ではありません：新しいディレクトリを指定してください`,
    usage: `使い方: renkei simulate [オプション]

資料の割合（手続、特定個人情報、機関、期間）に従う情報連携を、シードから作ります。
同じシードからは、同じ情報連携ID・当事者・結果・件数になります（イベントID・鍵・バイト列は異なります）。

  --exchanges N   件数、1 から 100,000,000（既定 1000）
  --seed S        18桁以内の数（既定 1）
  --from DAY      最初の日、2017-07-18（既定）以降
  --to DAY        最後の日、2020-05-07（既定）以前
  --fast          同じ判定規則で履歴を一括作成（サーバーなし。閲覧用の表は次回起動時に作成）
  --data DIR      新しいディレクトリにデータを残す（verify、reconcile、replay、サンドボックス用）
  --lang ja|en    言語（既定：環境から）
  --json          要約を JSON で標準出力に
  --help          この説明`,
  },
});
