import { theCast } from '../cast/agencies.js';
import { INFORMATION } from '../cast/law.js';
import { thePeople } from '../cast/people.js';
import { denied, received } from './ask.js';
import type { Case } from './case.js';

/** Sickness allowance (傷病手当金), item 3, and workers' accident compensation (労災保険), item 7. */
export const case3: Case = {
  name: '3',
  title: { en: 'Sickness allowance and workers’ compensation', ja: '傷病手当金と労災保険' },
  story: {
    en: 'A health insurance society asks through the payment fund, which holds the code for 1,683 insurers, whether other benefits are paid. Workers’ compensation is not in item 3. The other way round, the labour standards bureau may ask for pensions under item 7.',
    ja: '健康保険組合が支払基金（1,683の医療保険者等の機関コード保有者）を通じて、他の給付の有無を照会する。労災の情報は3の項にないため不許可。逆に、労働基準局は7の項により年金の情報を照会できる（併給調整）。',
  },
  async play(stage) {
    const { fund, society, pension, accidentFund, accidentBranch, labour } = theCast();
    const { daisuke } = thePeople();
    const common = { requester: fund, institution: society, person: daisuke, item: '3', department: 'benefits' } as const;
    await stage.ask([
      { ...common, provider: pension, information: INFORMATION.pension, expected: received('3') },
      { ...common, provider: accidentFund, providerInstitution: accidentBranch, information: INFORMATION.otherBenefits, expected: received('3') },
      { ...common, provider: labour, information: INFORMATION.labourAccident, expected: denied('INFORMATION_NOT_IN_ITEM') },
    ]);
    await stage.ask([
      {
        requester: labour,
        provider: pension,
        person: daisuke,
        item: '7',
        information: INFORMATION.pension,
        department: 'compensation',
        expected: received('7'),
      },
    ]);
  },
};
