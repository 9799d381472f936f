import { theCast } from '../cast/agencies.js';
import { INFORMATION } from '../cast/law.js';
import { thePeople } from '../cast/people.js';
import { TAX_YEAR } from '../cast/replicas.js';
import { denied, received } from './ask.js';
import type { Case } from './case.js';

/** Child rearing allowance for single parents (児童扶養手当), item 57; the same fact under items 26 and 116. */
export const case2: Case = {
  name: '2',
  title: { en: 'Single-parent allowance', ja: '児童扶養手当' },
  story: {
    en: 'A mother moved with her child from Akita (city B) to Kurume (city C). One application asks several providers. The former city’s allowance certificate is not in item 57, so it is denied there; for livelihood protection (26) and nursery fees (116) the same fact may be asked.',
    ja: '秋田市（B市）から久留米市（C市）へ転居したひとり親世帯。1件の申請で複数の提供者に照会する。前住所地の児童扶養手当の情報は57の項にないため不許可。同じ情報でも生活保護（26の項）と保育（116の項）では照会できる。',
  },
  async play(stage) {
    const { akita, akitaPrefecture, kurume, pension } = theCast();
    const { yuko, sora } = thePeople();
    const common = { requester: kurume, item: '57', department: 'family-support' } as const;
    const former = { requester: kurume, provider: akita, person: yuko, information: INFORMATION.childRearing } as const;
    await stage.ask([
      { ...common, provider: akita, person: yuko, information: INFORMATION.residents, expected: received('57') },
      { ...common, provider: akita, person: yuko, information: INFORMATION.localTax, period: TAX_YEAR, expected: received('57') },
      { ...common, provider: akitaPrefecture, person: sora, information: INFORMATION.disability, expected: received('57') },
      { ...common, provider: akitaPrefecture, person: yuko, information: INFORMATION.specialChildRearing, expected: received('57') },
      { ...common, provider: pension, person: yuko, information: INFORMATION.pension, expected: received('57') },
      { ...former, item: '57', department: 'family-support', expected: denied('INFORMATION_NOT_IN_ITEM') },
    ]);
    await stage.ask([{ ...former, item: '26', department: 'public-assistance', expected: received('26') }]);
    await stage.ask([{ ...former, item: '116', department: 'nurseries', expected: received('116') }]);
  },
};
