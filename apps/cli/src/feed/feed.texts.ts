import { dictionary } from '#libs/terminal';

export const feedTexts = dictionary({
  en: {
    feed: 'what the agency’s systems are told, in the order of the record (a page)',
    wait: 'wait up to so many seconds for the next event (0 to 25)',
    none: 'Nothing more.',
    next: (cursor: string) => `Go on: --after ${cursor}`,
    recorded: 'recorded',
    type: 'type',
    subject: 'exchange or person',
    person: 'in-agency number',
    unknown: 'not known to this version',
  },
  ja: {
    feed: '自庁の業務システムへの通知（記録順、1ページ）',
    wait: '次の通知を待つ秒数（0～25）',
    none: 'これ以上ありません。',
    next: (cursor) => `続き：--after ${cursor}`,
    recorded: '記録時刻',
    type: '種類',
    subject: '情報連携又は本人',
    person: '宛名番号',
    unknown: 'この版では不明',
  },
});
