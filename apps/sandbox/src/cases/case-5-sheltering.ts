import { theCast } from '../cast/agencies.js';
import { INFORMATION } from '../cast/law.js';
import { inAgencyNumber, thePeople } from '../cast/people.js';
import { type Ask, received } from './ask.js';
import type { Case } from './case.js';
import { case5Texts } from './case-5.texts.js';
import { showView, viewOf } from './portal-view.js';

const DEPARTMENT = 'family-support';
const HELD_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/** Livelihood protection (生活保護), item 26, for a person sheltering from violence: sealed; and an answer that an official gives. */
export const case5: Case = {
  name: '5',
  title: { en: 'Sheltering from violence; an answer by an official', ja: 'DV避難者の生活保護／職員による回答' },
  story: {
    en: 'A woman shelters in Himeji (city G) and cannot move her registration; Utsunomiya still pays her child rearing allowance. City G flags its query: the fact is sealed at all three, and whoever opens her view never learns of city G. Beside it: Utsunomiya has blocked automatic answers about another resident, so an official looks first.',
    ja: 'DVから姫路市（G市）に避難し住民票を移せない女性。児童扶養手当は引き続き宇都宮市が支給。G市は照会を不開示とし、三者すべての記録が封じられる。本人の画面を開いた者にG市の存在は分からない。別件では、宇都宮市が自動応答を不可としている住民について職員が確認して回答する。',
  },
  async play(stage) {
    const { himeji, utsunomiya } = theCast();
    const { aya, naomi } = thePeople();
    const texts = case5Texts(stage.language);
    const common = { requester: himeji, provider: utsunomiya, item: '26', information: INFORMATION.childRearing, department: 'public-assistance' } as const;

    await stage.ask([{ ...common, person: aya, nonDisclosure: true, expected: received('26') }]);
    const rows = await showView(stage, aya);
    stage.check(!rows.some(({ requester }) => requester === himeji.code), 'the sealed exchange stands in the person’s view');

    const provider = stage.nation.client(utsunomiya);
    const scope = { inAgencyNumber: inAgencyNumber(utsunomiya, naomi), information: INFORMATION.childRearing, department: DEPARTMENT };
    await provider.blockAutomaticAnswers([scope]);
    stage.tell('note', texts.blocked(stage.label(utsunomiya), naomi.name[stage.language]));
    const ask: Ask = { ...common, person: naomi, expected: { outcome: 'permitted', item: '26' } };
    const [held] = await stage.askQuietly([ask]);
    const exchangeId = held?.exchangeId ?? '';
    const untilMs = performance.now() + HELD_TIMEOUT_MS;
    let waiting = (await provider.heldProvisions({ limit: 100 })).provisions.find((one) => one.exchangeId === exchangeId);
    while (!waiting && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      waiting = (await provider.heldProvisions({ limit: 100 })).provisions.find((one) => one.exchangeId === exchangeId);
    }
    stage.check(waiting !== undefined, 'the provision is not on the provider’s work list');
    stage.tell('waiting', texts.held(stage.label(himeji), stage.label(utsunomiya), naomi.name[stage.language]), [texts.workList(waiting?.reason ?? '')]);
    stage.check(!(await viewOf(stage, naomi)).some((row) => row.requestedAt === held?.state?.requestedAt), 'an exchange that has not ended is shown');
    await provider.releaseProvision(exchangeId, { department: DEPARTMENT });
    const requester = stage.nation.client(himeji);
    const [state] = (await requester.waitForOutcomes([exchangeId], { pollMs: POLL_MS })).values();
    stage.check(state?.status === 'received', 'the released data did not arrive');
    if (state) {
      const released = await stage.outcomeOf({ ...ask, expected: received('26') }, requester, exchangeId, state);
      stage.check(released.comparison.disagreements.length === 0, `the records disagree: ${released.comparison.disagreements.join(', ')}`);
      stage.tell('done', texts.released(stage.label(utsunomiya)), stage.outcomeLines(released));
    }
    await provider.unblockAutomaticAnswers([scope]);
    const [view] = [await viewOf(stage, naomi)];
    stage.check(
      view.some(({ requester: asked }) => asked === himeji.code),
      'the ended exchange is not in the person’s view',
    );
  },
};
