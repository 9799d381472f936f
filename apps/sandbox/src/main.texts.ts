import { dictionary } from '#libs/terminal';

export const mainTexts = dictionary({
  en: {
    banner: 'Renkei (連携): the information-provision network in one process',
    resumed: (directory: string, clock: string) => `resumed from ${directory}; business clock ${clock}`,
    fresh: (directory: string) => `new nation in ${directory}: law, register, identifiers, replicas`,
    ready: (seconds: string) => `set up in ${seconds} s`,
    clock: 'business clock: May 2020, when the law of the source document was in force',
    earlier: 'refusals of an earlier day, on a temporary nation',
    summary: (cases: number, exchanges: string, seconds: string) => `${cases} cases, ${exchanges} exchanges in ${seconds} s: all came out as the law says`,
    failed: (names: string) => `NOT AS THE LAW SAYS: cases ${names}`,
    addresses: 'Running. Interfaces and their documentation:',
    server: 'server',
    address: 'address',
    documentation: 'documentation',
    tryIt: 'Try:',
    stop: 'Ctrl-C stops it; the next start resumes.',
    stopping: 'stopping …',
    usage: `Usage: npm start -- [options]

A nation in one process: every system of the network, on embedded stores or an EventStoreDB, doing real exchanges under the real table.

  --data DIR      data and keys of the nation (default ./data); a second start resumes
  --exit          end after the cases: status 0, or 1 if any did not end as the law says
  --no-cases      set up and stay, without running the cases
  --lang ja|en    language (default: from the environment)
  --port N        first port (default 7100; free ones where these are taken); 0: any free ports
  --event-store U records on an EventStoreDB, esdb://host:2113?tls=false (default: EVENT_STORE; embedded without it)
  --json          what the cases report as JSON on standard output, nothing else
  --help          this text`,
  },
  ja: {
    banner: '連携（Renkei）：情報提供ネットワークシステムを1つのプロセスで',
    resumed: (directory, clock) => `${directory} から再開。業務時刻 ${clock}`,
    fresh: (directory) => `${directory} に新しい環境を作成：別表第二、機関、符号、副本`,
    ready: (seconds) => `準備完了（${seconds} 秒）`,
    clock: '業務時刻は令和2年5月（資料の時点の法令が有効）',
    earlier: '以前の日付での不許可（一時的な環境で実行）',
    summary: (cases, exchanges, seconds) => `${cases} 事例、${exchanges} 件の情報連携を ${seconds} 秒で実行：すべて法の定めどおり`,
    failed: (names) => `法の定めと異なる結果：事例 ${names}`,
    addresses: '稼働中。各システムの接続先とAPI文書：',
    server: 'サーバー',
    address: '接続先',
    documentation: 'API文書',
    tryIt: '試すには：',
    stop: 'Ctrl-C で終了。次回は続きから再開。',
    stopping: '終了しています…',
    usage: `使い方: npm start -- [オプション]

1つのプロセスで動く「国」：すべてのシステムが組込みの記録庫又は EventStoreDB の上で、実際の別表第二に従って情報連携を行います。

  --data DIR      データと鍵の場所（既定 ./data）。2回目からは再開
  --exit          事例の終了後に終了：状態 0、法の定めと異なれば 1
  --no-cases      事例を実行せずに起動したままにする
  --lang ja|en    言語（既定：環境から）
  --port N        最初のポート（既定 7100。使用中なら空きポート）、0：空きポート
  --event-store U 記録を EventStoreDB に置く、esdb://host:2113?tls=false（既定：EVENT_STORE、なければ組込み）
  --json          事例の結果を JSON で標準出力に
  --help          この説明`,
  },
});
