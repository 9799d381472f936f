import { dictionary } from '#libs/terminal';

export const setUpTexts = dictionary({
  en: {
    law: (versions: number, items: number) => `table enacted: ${versions} versions and drafts (the last with ${items} items), openings recorded`,
    agencies: 'agencies registered',
    identifiers: 'identifiers obtained',
    replicas: 'replicas registered',
  },
  ja: {
    law: (versions, items) => `別表第二を登録：${versions} 版（案を含む。最終版 ${items} 項）、運用開始日を記録`,
    agencies: '機関の登録',
    identifiers: '機関別符号の取得',
    replicas: '副本の登録',
  },
});
