import { dictionary } from '#libs/terminal';

/** Sentences of timelines. */
export const stageTexts = dictionary({
  en: {
    asks: (requester: string, provider: string, what: string, person: string) => `${requester} asks ${provider}: ${what} of ${person}`,
    behalf: (holder: string, institution: string) => `${institution}, through ${holder}`,
    permitted: (item: string, table: string) => `permitted under item ${item} (table of ${table})`,
    provided: (elapsedMs: number, content: string) => `received after ${elapsedMs} ms: ${content}`,
    denied: (reason: string, article: string, sentence: string) => `denied, ${reason}: ${sentence} [${article}]`,
    ended: (reason: string) => `ended without data: ${reason}`,
    open: (status: string) => `no answer yet (${status})`,
    recordsAgree: (facts: number, references: number) => `the three records agree: ${facts} facts, ${references} references by hash`,
    twoRecordsAgree: (facts: number, references: number) =>
      `requester and core have recorded it alike (${facts} facts, ${references} references by hash); nothing reached the provider`,
    recordsDisagree: (names: string) => `THE RECORDS DISAGREE: ${names}`,
    sealed: 'sealed at requester, core and provider (art. 23(2))',
    deviation: (what: string) => `NOT AS THE LAW SAYS: ${what}`,
    bulkSubmitting: (what: string) => `${what}: sent`,
    bulkWaiting: (what: string) => `${what}: answered`,
    bulkDone: (lines: string, seconds: string, rate: string) => `${lines} queries in ${seconds} s (${rate}/s, over HTTP with tokens)`,
    bulkRecords: (agree: string, lines: string) => `three records agree for ${agree} of ${lines}`,
    endReason: (reason: string) => END_REASONS_EN[reason] ?? reason,
  },
  ja: {
    asks: (requester, provider, what, person) => `${requester} → ${provider}：${person}さんの${what}`,
    behalf: (holder, institution) => `${institution}（${holder}経由）`,
    permitted: (item, table) => `許可：別表第二 ${item}の項（${table}版）`,
    provided: (elapsedMs, content) => `${elapsedMs} ミリ秒で受領：${content}`,
    denied: (reason, article, sentence) => `不許可（${reason}）：${sentence}〔${article}〕`,
    ended: (reason) => `情報なしで終了：${reason}`,
    open: (status) => `未回答（${status}）`,
    recordsAgree: (facts, references) => `三者の記録が一致：事実 ${facts} 件、ハッシュの相互参照 ${references} 件`,
    twoRecordsAgree: (facts, references) =>
      `照会者とコアシステムの記録が一致（事実 ${facts} 件、ハッシュの相互参照 ${references} 件）。提供者には何も送られていない`,
    recordsDisagree: (names) => `記録の不一致：${names}`,
    sealed: '三者すべてで不開示（番号法23条2項）',
    deviation: (what) => `法の定めと異なる：${what}`,
    bulkSubmitting: (what) => `${what}：送信`,
    bulkWaiting: (what) => `${what}：回答`,
    bulkDone: (lines, seconds, rate) => `${lines} 件の照会を ${seconds} 秒で（毎秒 ${rate} 件、HTTP・トークンあり）`,
    bulkRecords: (agree, lines) => `三者の記録が一致：${lines} 件中 ${agree} 件`,
    endReason: (reason) => END_REASONS_JA[reason] ?? reason,
  },
});

const END_REASONS_EN: Readonly<Record<string, string>> = {
  NO_RECORD: 'the provider has no such record (NO_RECORD)',
  NO_REPLICA: 'the provider has registered no replica (NO_REPLICA)',
  PROVIDER_HOLDS_NO_IDENTIFIER: 'the provider has obtained no identifier of this person (PROVIDER_HOLDS_NO_IDENTIFIER)',
  LAPSED_PROVIDER_UNREACHABLE: 'the validity period passed, the provider could not be reached (LAPSED_PROVIDER_UNREACHABLE)',
  LAPSED_UNANSWERED: 'the validity period passed unanswered (LAPSED_UNANSWERED)',
  WITHDRAWN: 'withdrawn by the requester (WITHDRAWN)',
};
const END_REASONS_JA: Readonly<Record<string, string>> = {
  NO_RECORD: '提供者に該当する記録がない（NO_RECORD）',
  NO_REPLICA: '提供者に副本が登録されていない（NO_REPLICA）',
  PROVIDER_HOLDS_NO_IDENTIFIER: '提供者がこの人の符号を取得していない（PROVIDER_HOLDS_NO_IDENTIFIER）',
  LAPSED_PROVIDER_UNREACHABLE: '有効期間内に提供者に届かなかった（LAPSED_PROVIDER_UNREACHABLE）',
  LAPSED_UNANSWERED: '有効期間内に回答がなかった（LAPSED_UNANSWERED）',
  WITHDRAWN: '照会者が取り下げた（WITHDRAWN）',
};

/** Names of the fields of the illustrative layouts, for Japanese readers. */
export const FIELD_NAMES_JA: Readonly<Record<string, string>> = {
  totalIncome: '合計所得',
  incomeLevy: '所得割額',
  perCapitaLevy: '均等割額',
  dependants: '扶養人数',
  filed: '申告',
  addressCode: '住所コード',
  relationCode: '続柄コード',
  householdSize: '世帯人数',
  monthlyAmount: '月額',
  since: '開始日',
  children: '対象児童数',
  certificateCode: '手帳',
  grade: '等級',
  issuedOn: '交付日',
  pensionCode: '年金種別',
  annualAmount: '年額',
  entitledOn: '受給権発生日',
  suspended: '支給停止',
  summary: '概要',
  statusCode: '状態',
  applies: '該当',
};
