import { type CastAgency, theCast } from '../cast/agencies.js';
import { INFORMATION, type Information } from '../cast/law.js';
import { bulkResidents } from '../cast/people.js';
import { TAX_YEAR, TAX_YEAR_BEFORE } from '../cast/replicas.js';
import { type Ask, received } from './ask.js';
import { runBulk } from './bulk.js';
import type { Case } from './case.js';

interface Affair {
  readonly requester: CastAgency;
  readonly item: string;
  readonly department: string;
  readonly information: readonly (readonly [Information, string?])[];
  readonly en: string;
  readonly ja: string;
}

/** The bulk affairs of the source document, beside those of cases 4 and 6. */
function affairs(): readonly Affair[] {
  const { osaka, hamamatsu, hokkaido, pension } = theCast();
  const { localTax, residents } = INFORMATION;
  return [
    {
      requester: osaka,
      item: '27',
      department: 'residents-tax',
      information: [[localTax, TAX_YEAR]],
      en: 'dependants who live elsewhere (27)',
      ja: '遠隔地扶養の確認（27の項）',
    },
    {
      requester: hamamatsu,
      item: '94',
      department: 'care-insurance',
      information: [[localTax, TAX_YEAR]],
      en: 'care-insurance premiums (94)',
      ja: '介護保険料の算定（94の項）',
    },
    {
      requester: hokkaido,
      item: '113',
      department: 'schools',
      information: [[localTax, TAX_YEAR]],
      en: 'high-school tuition support (113)',
      ja: '高等学校等就学支援金（113の項）',
    },
    {
      requester: pension,
      item: '117',
      department: 'support-benefit',
      information: [[residents], [localTax, TAX_YEAR_BEFORE]],
      en: 'pensioner support benefit (117)',
      ja: '年金生活者支援給付金（117の項）',
    },
  ];
}

/** The bulk queries that a year brings: 25,000 and 30,000 for one city alone. */
export const case8: Case = {
  name: '8',
  title: { en: 'The year’s bulk queries', ja: '毎年の一括照会' },
  story: {
    en: 'What a city used to do by post each summer: dependants who live elsewhere (25,000 a year), care-insurance premiums (30,000 a year); beside it high-school tuition and the pensioner support benefit. Each line is a query of its own: decided, answered and recorded three times.',
    ja: 'これまで毎年夏に郵送で行っていた照会：遠隔地扶養（年25,000件）、介護保険料（年30,000件）、さらに高等学校等就学支援金と年金生活者支援給付金。1行が1件の照会として判定・提供され、三者に記録される。',
  },
  async play(stage) {
    for (const { requester, item, department, information, ...title } of affairs()) {
      const asks = bulkResidents().flatMap((person) =>
        information.map(([code, period]): Ask => {
          const ask = { requester, provider: person.home.city, person, item, department, information: code, expected: received(item) };
          return period === undefined ? ask : { ...ask, period };
        }),
      );
      await runBulk(stage, { requester, title: title[stage.language], asks });
    }
  },
};
