import { dictionary } from '#libs/terminal';

export const partiesTexts = dictionary({
  en: {
    data: "data directory: a sandbox's, or that of one party",
    noParties: (data: string) => `--data: ${data} is neither a sandbox's directory nor that of a party`,
    noSuchParty: (party: string) => `there is no party ${party} in this directory`,
    noCore: 'there is no record of a core in this directory',
    noEventStore: (party: string) => `${party} keeps no record of its own`,
    eventStore: 'EventStoreDB that holds the record, esdb://user@host:2113?tls=true (otherwise the one that the record itself notes)',
    eventStorePasswordFile: 'file whose first line is the password of that user',
    badEventStore: '--event-store (or EVENT_STORE) takes the connection string of an EventStoreDB: esdb://host:2113?tls=true',
    passwordShown: '--event-store: other users of this machine can read a password there; give it by --event-store-password-file, or in EVENT_STORE',
    passwordWithoutUser: 'a password needs its user: --event-store esdb://user@host:2113',
    readModelsPasswordFile: 'file whose first line is the password of that user',
    badReadModels: '--read-models (or READ_MODELS) takes the URL of a database: postgres://user@host:5432/database',
    readModelsPasswordShown: '--read-models: other users of this machine can read a password there; give it by --read-models-password-file, or in READ_MODELS',
  },
  ja: {
    data: 'データディレクトリ: サンドボックスのもの、又は一つの当事者のもの',
    noParties: (data) => `--data: ${data} はサンドボックスのディレクトリでも当事者のディレクトリでもありません`,
    noSuchParty: (party) => `このディレクトリに ${party} という当事者はありません`,
    noCore: 'このディレクトリにコアの記録はありません',
    noEventStore: (party) => `${party} は自らの記録を持ちません`,
    eventStore: '記録がある EventStoreDB、esdb://user@host:2113?tls=true（省略時は記録自体の控えが示すもの）',
    eventStorePasswordFile: 'その利用者のパスワードが 1 行目にあるファイル',
    badEventStore: '--event-store（又は EVENT_STORE）には EventStoreDB の接続文字列を指定してください: esdb://host:2113?tls=true',
    passwordShown: '--event-store のパスワードはこの機械の他の利用者にも見えます。--event-store-password-file 又は EVENT_STORE で指定してください',
    passwordWithoutUser: 'パスワードには利用者名が必要です: --event-store esdb://user@host:2113',
    readModelsPasswordFile: 'その利用者のパスワードが 1 行目にあるファイル',
    badReadModels: '--read-models（又は READ_MODELS）にはデータベースの URL を指定してください: postgres://user@host:5432/database',
    readModelsPasswordShown: '--read-models のパスワードはこの機械の他の利用者にも見えます。--read-models-password-file 又は READ_MODELS で指定してください',
  },
});
