import type { AgencyClient, QueryState } from '#libs/agency-sdk';
import { theCast } from '../cast/agencies.js';
import { affairOf, INFORMATION } from '../cast/law.js';
import { inAgencyNumber, thePeople } from '../cast/people.js';
import { TAX_YEAR } from '../cast/replicas.js';
import { type Ask, ended, received } from './ask.js';
import type { Case } from './case.js';
import { moreTexts } from './case-more.texts.js';

const VALIDITY_MS = 3_600_000 + 60_000;
const DEPARTMENT = 'child-welfare';
const TRIED_TIMEOUT_MS = 20_000;
const POLL_MS = 200;

/** The other ways in which a query ends: who has it, no identifier, no record, twice the same, withdrawn, lapsed. */
export const caseMore: Case = {
  name: 'more',
  title: { en: 'Every other end of a query', ja: 'その他の終わり方' },
  story: {
    en: 'Asking who has it; a provider without an identifier; no record (tax belongs to the city of 1 January); the same query twice; withdrawn; a provider that is down until the validity period ends.',
    ja: '通知先の問合せ、提供者に符号がない場合、該当なし（住民税は1月1日の住所地が課税）、同一照会の再送、取下げ、提供者停止による有効期間切れ。',
  },
  async play(stage) {
    const { toyonaka, tokorozawa, kanazawa, kawagoe } = theCast();
    const { kenta, misaki } = thePeople();
    const texts = moreTexts(stage.language);
    const common = {
      requester: toyonaka,
      provider: tokorozawa,
      person: kenta,
      item: '74',
      information: INFORMATION.localTax,
      period: TAX_YEAR,
      department: DEPARTMENT,
    } as const;
    const client = stage.nation.client(toyonaka);

    const question = { inAgencyNumber: inAgencyNumber(toyonaka, kenta), affair: affairOf('74'), information: INFORMATION.localTax, department: DEPARTMENT };
    const [told] = await client.askHolders([question]);
    const holders = told?.ok ? told.value.holders : [];
    stage.check(holders.includes(tokorozawa.code), 'the city that holds the record is not named');
    stage.tell('done', texts.holders(stage.label(toyonaka)), [texts.holdersAre(holders.length)]);

    await stage.ask([{ ...common, provider: kanazawa, expected: ended('74', 'PROVIDER_HOLDS_NO_IDENTIFIER') }]);
    await stage.ask([{ ...common, provider: kawagoe, person: kenta, expected: ended('74', 'NO_RECORD') }]);

    const [first] = await stage.ask([{ ...common, person: misaki, expected: received('74') }]);
    if (first) {
      const again = await client.submitQueries([{ ...stage.lineOf(first.ask), exchangeId: first.exchangeId }]);
      const same = again[0]?.ok === true && again[0].value.status === 'received';
      const other = await client.submitQueries([{ ...stage.lineOf(first.ask), exchangeId: first.exchangeId, period: '2018' }]);
      const refused = other[0]?.ok === false && other[0].problem.code === 'IDEMPOTENCY_KEY_REUSED';
      stage.check(same && refused, 'a repeated query was not recognised');
      stage.tell('done', texts.repeated, [texts.repeatedDetail]);
    }
    await withdrawnAndLapsed(stage, common, texts);
  },
};

/** The state of an open query once the provider's side was tried in vain. */
async function untilTried(client: AgencyClient, exchangeId: string): Promise<QueryState> {
  const untilMs = performance.now() + TRIED_TIMEOUT_MS;
  for (;;) {
    const state = await client.query(exchangeId);
    if (state.network?.lastObstacle !== undefined || performance.now() > untilMs) return state;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The cities' server is taken down; two queries wait for it: one is withdrawn, one lapses. */
async function withdrawnAndLapsed(stage: Parameters<Case['play']>[0], common: Omit<Ask, 'expected'>, texts: ReturnType<typeof moreTexts>): Promise<void> {
  const { tokorozawa, toyonaka } = theCast();
  const { kenta, misaki } = thePeople();
  const client = stage.nation.client(toyonaka);
  const down = tokorozawa.server;
  await stage.nation.takeDown(down);
  stage.tell('note', texts.down(stage.label(tokorozawa)));
  try {
    const open = { outcome: 'permitted', item: '74' } as const;
    const [toWithdraw, toLapse] = await stage.askQuietly([
      { ...common, person: kenta, expected: open },
      { ...common, person: misaki, expected: open },
    ]);
    const withdrawn = await client.withdrawQuery(toWithdraw?.exchangeId ?? '', DEPARTMENT);
    stage.check(withdrawn.status === 'withdrawn', 'the query was not withdrawn');
    stage.tell('done', texts.withdrawn(stage.label(toyonaka)));
    const waiting = await untilTried(client, toLapse?.exchangeId ?? '');
    stage.tell('waiting', texts.waiting(waiting.network?.attempts ?? 0, waiting.network?.lastObstacle ?? '-'));
    await stage.nation.pass(VALIDITY_MS);
    const lapsed = await client.query(toLapse?.exchangeId ?? '');
    stage.check(lapsed.status === 'ended' && lapsed.end?.reason === 'LAPSED_PROVIDER_UNREACHABLE', `the query ended as ${lapsed.end?.reason ?? lapsed.status}`);
    stage.tell('done', texts.lapsed, [texts.reason(lapsed.end?.reason ?? lapsed.status)]);
  } finally {
    await stage.nation.bringUp(down);
  }
  stage.tell('note', texts.up(stage.label(tokorozawa)));
  await stage.ask([{ ...common, person: kenta, expected: received('74') }]);
}
