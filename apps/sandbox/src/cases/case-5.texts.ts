import { dictionary } from '#libs/terminal';

export const case5Texts = dictionary({
  en: {
    blocked: (provider: string, person: string) => `${provider} blocks automatic answers about ${person}`,
    held: (requester: string, provider: string, person: string) => `${requester} asks ${provider} about ${person}: held for an official`,
    workList: (reason: string) => `on the provider’s work list (${reason}); the requester sees that it waits`,
    released: (provider: string) => `an official of ${provider} looks at it and lets it go`,
  },
  ja: {
    blocked: (provider, person) => `${provider}が${person}さんの自動応答を不可に設定`,
    held: (requester, provider, person) => `${requester} → ${provider}：${person}さんについて照会、職員の確認待ち`,
    workList: (reason) => `提供者の処理一覧に表示（${reason}）。照会者にも待機中と分かる`,
    released: (provider) => `${provider}の職員が確認し、提供`,
  },
});
