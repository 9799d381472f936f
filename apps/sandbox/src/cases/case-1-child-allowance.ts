import { theCast } from '../cast/agencies.js';
import { INFORMATION } from '../cast/law.js';
import { thePeople } from '../cast/people.js';
import { TAX_YEAR } from '../cast/replicas.js';
import { received } from './ask.js';
import type { Case } from './case.js';
import { showView } from './portal-view.js';

/** Children's allowance (児童手当), item 74. */
export const case1: Case = {
  name: '1',
  title: { en: 'Child allowance', ja: '児童手当' },
  story: {
    en: 'A family moved from Tokorozawa (city A) to Toyonaka (city X) after 1 January. City X needs both parents’ tax facts of the year, which only city A has; the child stays with its grandparents in Matsumoto. The family brings no paper.',
    ja: '1月2日以降に所沢市（A市）から豊中市（X市）へ転居した世帯。今年度の課税情報はA市だけが持つ。子は松本市の祖父母宅に住む。課税証明書も住民票も添付不要。',
  },
  async play(stage) {
    const { tokorozawa, toyonaka, matsumoto } = theCast();
    const { kenta, misaki, haruto } = thePeople();
    const common = { requester: toyonaka, item: '74', department: 'child-welfare' } as const;
    await stage.ask([
      { ...common, provider: tokorozawa, person: kenta, information: INFORMATION.localTax, period: TAX_YEAR, expected: received('74') },
      { ...common, provider: tokorozawa, person: misaki, information: INFORMATION.localTax, period: TAX_YEAR, expected: received('74') },
      // the current-status report of June (現況届): lawful since 2018-07-02
      { ...common, provider: matsumoto, person: haruto, information: INFORMATION.residents, expected: received('74') },
    ]);
    const rows = await showView(stage, kenta);
    stage.check(
      rows.some(({ requester, provider }) => requester === toyonaka.code && provider === tokorozawa.code),
      'the person does not see who asked about him',
    );
  },
};
