import type { QueryState, Result } from '#libs/agency-sdk';
import type { Terminal } from '#libs/terminal';
import { type Fact, printFacts } from '../command-line/facts.js';
import type { Session } from '../command-line/session.js';
import { agencyOfCode, wholeNameOf } from '../names/agencies.js';
import { queryTexts } from './query.texts.js';

/** Name and code of an agency, or the code alone. */
export function agencyTold(code: string): string {
  const agency = agencyOfCode(code);
  return agency === undefined ? code : `${wholeNameOf(agency)} (${code})`;
}

const joined = (separator: string, ...parts: readonly (string | undefined)[]): string => parts.filter((part) => part !== undefined).join(separator);

/** Where a query stands, for people. */
export function printQuery(out: Terminal, state: QueryState, session: Session): void {
  const say = queryTexts(session.language);
  const { decision, end } = state;
  const dress =
    state.status === 'received' ? out.style.green : state.status === 'submitted' || state.status === 'permitted' ? out.style.blue : out.style.yellow;
  out.line(out.style.bold(dress(say[`status-${state.status}`])));
  printFacts(out, [
    [say.labelExchange, state.exchangeId],
    [say.labelReason, joined(': ', end?.reason ?? decision?.reason, decision?.sentence?.[session.language])],
    [say.labelArticle, decision?.article],
    [say.labelTable, joined(', ', decision?.table, decision?.item)],
    [say.labelProvider, agencyTold(state.provider)],
    [say.labelAffair, state.affair],
    [say.labelInformation, joined(' / ', state.information, state.dataset)],
    [say.labelPeriod, state.period],
    [say.labelRequested, state.requestedAt],
    [say.labelValid, state.status === 'permitted' ? decision?.validUntil : undefined],
    ...outcomeFacts(state, session),
  ]);
}

/** What came back, or what the network says of it. */
function outcomeFacts({ result, network }: QueryState, session: Session): readonly Fact[] {
  const say = queryTexts(session.language);
  return [
    [say.labelProvided, result?.providedAt],
    [say.labelReceived, result?.receivedAt],
    [say.labelItems, result?.items.join(', ')],
    [say.labelKept, result?.keptUntil],
    [say.labelNetwork, network === undefined ? undefined : `${network.status}; ${say.attempts(network.attempts ?? 0, network.lastObstacle ?? '')}`],
  ];
}

/** The data of a result, for people. */
export function printResult(out: Terminal, result: Result, session: Session): void {
  const say = queryTexts(session.language);
  printFacts(out, [
    [say.labelExchange, result.exchangeId],
    [say.labelPerson, result.inAgencyNumber],
    [say.labelProvider, agencyTold(result.provider)],
    [say.labelProvided, result.providedAt],
    [say.labelReceived, result.receivedAt],
    [say.labelKept, result.keptUntil],
  ]);
  for (const { information, dataset, period, layout, content } of result.replicas) {
    out.heading(joined(' / ', information, dataset, period));
    const fields = Object.entries(content).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const);
    printFacts(out, [...fields, [say.layout, layout]]);
  }
}
