import { theCast } from '../cast/agencies.js';
import { INFORMATION } from '../cast/law.js';
import { bulkResidents, NURSERY_HOUSEHOLDS } from '../cast/people.js';
import { nurseryHas, TAX_YEAR } from '../cast/replicas.js';
import { type Ask, ended, received } from './ask.js';
import { runBulk } from './bulk.js';
import type { Case } from './case.js';

const ITEM = '116';

/** Nursery fees (保育料), item 116: in bulk each summer, five kinds of information a household. */
export const case4: Case = {
  name: '4',
  title: { en: 'Nursery fees, in bulk', ja: '保育料の改定（一括照会）' },
  story: {
    en: `Each summer Kawasaki (city D) asks five kinds of information for ${NURSERY_HOUSEHOLDS} households that moved in: tax, livelihood protection, child rearing allowance, special child rearing allowance, disability. Most households have no allowance: the provider then says that it has no record.`,
    ja: `毎年夏、川崎市（D市）が転入した${NURSERY_HOUSEHOLDS}世帯について5種類の情報を一括で照会する：課税、生活保護、児童扶養手当、特別児童扶養手当、障害者手帳。受給していない世帯については「該当なし」が返る。`,
  },
  async play(stage) {
    const { kawasaki } = theCast();
    const asks = bulkResidents()
      .slice(0, NURSERY_HOUSEHOLDS)
      .flatMap((person): Ask[] => {
        const { city, prefecture } = person.home;
        const common = { requester: kawasaki, person, item: ITEM, department: 'nurseries' } as const;
        const expected = (has: boolean): Ask['expected'] => (has ? received(ITEM) : ended(ITEM, 'NO_RECORD'));
        return [
          { ...common, provider: city, information: INFORMATION.localTax, period: TAX_YEAR, expected: received(ITEM) },
          { ...common, provider: city, information: INFORMATION.livelihood, expected: expected(nurseryHas.livelihood(person)) },
          { ...common, provider: city, information: INFORMATION.childRearing, expected: expected(nurseryHas.childRearing(person)) },
          { ...common, provider: prefecture, information: INFORMATION.specialChildRearing, expected: expected(nurseryHas.specialChildRearing(person)) },
          { ...common, provider: prefecture, information: INFORMATION.disability, expected: expected(nurseryHas.disability(person)) },
        ];
      });
    await runBulk(stage, { requester: kawasaki, title: this.title[stage.language], asks });
  },
};
