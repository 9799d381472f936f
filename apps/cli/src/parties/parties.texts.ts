import { dictionary } from '#libs/terminal';

export const partiesTexts = dictionary({
  en: {
    data: "data directory: a sandbox's, or that of one party",
    noParties: (data: string) => `--data: ${data} is neither a sandbox's directory nor that of a party`,
    noSuchParty: (party: string) => `there is no party ${party} in this directory`,
    noEventStore: (party: string) => `${party} keeps no record of its own`,
  },
  ja: {
    data: 'データディレクトリ: サンドボックスのもの、又は一つの当事者のもの',
    noParties: (data) => `--data: ${data} はサンドボックスのディレクトリでも当事者のディレクトリでもありません`,
    noSuchParty: (party) => `このディレクトリに ${party} という当事者はありません`,
    noEventStore: (party) => `${party} は自らの記録を持ちません`,
  },
});
