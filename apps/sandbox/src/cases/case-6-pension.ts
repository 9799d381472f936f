import { theCast } from '../cast/agencies.js';
import { INFORMATION } from '../cast/law.js';
import { bulkResidents } from '../cast/people.js';
import { TAX_YEAR } from '../cast/replicas.js';
import { type Ask, received } from './ask.js';
import { runBulk } from './bulk.js';
import type { Case } from './case.js';

/** Pension claims (年金の裁定請求): items 35 (employees) and 48 (national pension). */
export const case6: Case = {
  name: '6',
  title: { en: 'Pension claims, in bulk', ja: '年金の裁定請求（一括照会）' },
  story: {
    en: 'The pension service asks municipalities for resident and tax facts: the most frequent queries of the network. It takes part since 17 June 2019 only.',
    ja: '日本年金機構が全国の市町村に住民票関係情報と地方税関係情報を照会する。最も件数の多い照会。令和元年6月17日より前は運用開始前のため不許可。',
  },
  async play(stage) {
    const { pension } = theCast();
    for (const item of ['35', '48']) {
      const asks = bulkResidents().flatMap((person): Ask[] => {
        const common = { requester: pension, provider: person.home.city, person, item, department: 'claims', expected: received(item) } as const;
        return [
          { ...common, information: INFORMATION.residents },
          { ...common, information: INFORMATION.localTax, period: TAX_YEAR },
        ];
      });
      const title = stage.language === 'ja' ? `年金の裁定請求（${item}の項）` : `pension claims (item ${item})`;
      await runBulk(stage, { requester: pension, title, asks });
    }
  },
};
