import { dictionary } from '#libs/terminal';

export const ledgersTexts = dictionary({
  en: {
    heading: 'The logs: every record of the cases is in one of them, under a signed checkpoint',
    party: 'party',
    entries: 'entries',
    root: 'root of the tree',
    witnesses: 'cosigned by',
    waiting: 'nobody yet',
    checkIt: 'Check it, with or without us:',
  },
  ja: {
    heading: '台帳：事例の記録はすべて、署名されたチェックポイントの下にあります',
    party: '当事者',
    entries: '記録数',
    root: '木の根',
    witnesses: '連署',
    waiting: 'まだありません',
    checkIt: '検証するには：',
  },
});
