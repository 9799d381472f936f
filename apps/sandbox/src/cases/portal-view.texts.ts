import { dictionary } from '#libs/terminal';

const OUTCOMES_JA: Readonly<Record<string, string>> = {
  received: '提供済み',
  provided: '提供済み',
  denied: '不許可',
  impossible: '符号なし',
  'not-provided': '提供なし',
  withdrawn: '取下げ',
  lapsed: '期限切れ',
};

export const portalTexts = dictionary({
  en: {
    title: (person: string) => `the portal shows ${person}:`,
    row: (time: string, requester: string, provider: string, what: string, outcome: string) => `${time}  ${requester} asked ${provider}: ${what}, ${outcome}`,
    outcome: (status: string) => status,
    nothing: 'no record',
  },
  ja: {
    title: (person) => `マイナポータルで${person}さんに表示される記録：`,
    row: (time, requester, provider, what, outcome) => `${time}  ${requester} → ${provider}：${what}、${outcome}`,
    outcome: (status) => OUTCOMES_JA[status] ?? status,
    nothing: '記録なし',
  },
});
