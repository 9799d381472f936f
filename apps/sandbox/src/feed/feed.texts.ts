import { FEED_TYPES, type FeedType, feedTypes } from '#libs/feed-schemas';
import { dictionary } from '#libs/terminal';

const TITLES_JA: Readonly<Record<FeedType, string>> = {
  'renkei.query.decided.v1': '照会の許可・不許可',
  'renkei.result.received.v1': '結果の到着',
  'renkei.query.ended.v1': '提供なしで終了',
  'renkei.query.withdrawn.v1': '照会の取下げ',
  'renkei.provision.held.v1': '提供の保留（職員の確認待ち）',
  'renkei.provision.made.v1': '提供',
  'renkei.provision.not-made.v1': '提供せず',
  'renkei.replica.registered.v1': '副本の登録',
  'renkei.replica.corrected.v1': '副本の更正',
  'renkei.replica.withdrawn.v1': '副本の取下げ',
  'renkei.automatic-answer.blocked.v1': '自動応答不可の設定',
  'renkei.automatic-answer.unblocked.v1': '自動応答不可の解除',
  'renkei.non-disclosure.set.v1': '提供側不開示の設定',
  'renkei.non-disclosure.lifted.v1': '提供側不開示の解除',
  'renkei.identifier.obtained.v1': '符号の取得',
  'renkei.identifier.reissued.v1': '符号の再発行',
  'renkei.identifier.revoked.v1': '符号の失効',
};
const TITLES_EN = Object.fromEntries(FEED_TYPES.map((type) => [type, feedTypes[type].title])) as Readonly<Record<FeedType, string>>;

/** What happened, by type of event. */
export const feedTitles = dictionary({ en: TITLES_EN, ja: TITLES_JA });

export const feedTexts = dictionary({
  en: {
    heading: (agency: string) => `The feed of ${agency}: what its own systems are told, without an identifier or a value`,
    what: 'what happened',
    type: 'type of event',
    count: 'events',
    newest: 'newest: person by in-agency number',
    followIt: 'Follow it:',
  },
  ja: {
    heading: (agency) => `${agency}の通知：自庁の業務システムに届くもの（符号も提供された値も含まない）`,
    what: '出来事',
    type: 'イベントの種類',
    count: '件数',
    newest: '最新（宛名番号）',
    followIt: '続けて見るには：',
  },
});
