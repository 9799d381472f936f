import { dictionary } from '#libs/terminal';

export const moreTexts = dictionary({
  en: {
    holders: (requester: string) => `${requester} asks who has it`,
    holdersAre: (count: number) => `${count} agencies that may be asked hold an identifier of the person; the identifiers are not told`,
    repeated: 'the same query sent again is the same exchange',
    repeatedDetail: 'another query under its id is refused (IDEMPOTENCY_KEY_REUSED)',
    down: (agency: string) => `the server of ${agency} goes down`,
    withdrawn: (requester: string) => `${requester} withdraws a query that waits; requester and core record it`,
    waiting: (attempts: number, obstacle: string) =>
      `the other waits; the requester sees why: tried ${attempts} ${attempts === 1 ? 'time' : 'times'}, last obstacle ${obstacle}`,
    lapsed: 'an hour passes: the validity period is over',
    reason: (reason: string) => `ended: ${reason}, recorded by core and requester`,
    up: (agency: string) => `the server of ${agency} is back, on the same data`,
  },
  ja: {
    holders: (requester) => `${requester}が通知先を問い合わせ`,
    holdersAre: (count) => `照会できる機関のうち ${count} 機関がこの人の符号を持つ（符号そのものは伝えない）`,
    repeated: '同じ照会の再送は同じ1件として扱う',
    repeatedDetail: '同じ番号で別の照会は拒否（IDEMPOTENCY_KEY_REUSED）',
    down: (agency) => `${agency}のサーバーが停止`,
    withdrawn: (requester) => `${requester}が待機中の照会を取下げ、照会者とコアシステムに記録`,
    waiting: (attempts, obstacle) => `もう1件は待機中。照会者には理由が分かる：試行 ${attempts} 回、直近 ${obstacle}`,
    lapsed: '1時間が経過し、有効期間が終了',
    reason: (reason) => `終了：${reason}、コアシステムと照会者に記録`,
    up: (agency) => `${agency}のサーバーが同じデータで復帰`,
  },
});
