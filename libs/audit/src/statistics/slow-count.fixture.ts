import type { StoredEvent } from '#libs/event-store';
import type { CountPeriod } from './range-count.js';

type Outcomes = Record<string, number>;
/** What a slow count tells: each table by the parts of its key, joined by commas. */
export interface Slow {
  readonly total: Outcomes;
  readonly late: number;
  readonly months: Record<string, Outcomes>;
  readonly uses: Record<string, Outcomes>;
  readonly informations: Record<string, Outcomes>;
  readonly refusals: Outcomes;
  readonly unanswered: Outcomes;
  readonly longestMs: Record<string, { readonly longestMs: number; readonly provisions: number; readonly meanMs: number }>;
}
interface Told {
  readonly type: string;
  readonly stream: string;
  readonly data: Readonly<Record<string, string | boolean | undefined>>;
}
const JAPAN_MS = 9 * 3_600_000;

/** Another way to the same figures: all events whole in memory, by exchange, each table by itself. */
export function slowCount(stored: readonly StoredEvent[], { from = '0', to = '~' }: CountPeriod): Slow {
  const exchanges = grouped(
    stored.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Told).filter(({ stream }) => stream.startsWith('exchange-')),
    ({ stream }) => stream,
  );
  const rows = [...exchanges.values()].map(rowOf).filter(({ day }) => day >= from && day < to);
  const by = (key: (row: Row) => string): Record<string, Outcomes> =>
    Object.fromEntries([...grouped(rows, key)].map(([name, own]) => [name, tallied(own.map(({ outcome }) => outcome))]));
  const groups = rows.flatMap((row) => row.groups.map((group) => ({ group, ms: row.ms as number })));
  return {
    total: tallied(rows.map(({ outcome }) => outcome)),
    late: rows.filter(({ late }) => late).length,
    months: by(({ day }) => day.slice(0, 7)),
    uses: by(({ facts }) => [facts.affair, facts.procedure ?? '', facts.requester].join()),
    informations: by(({ facts }) => String(facts.information)),
    refusals: tallied(rows.filter(({ outcome }) => outcome === 'denied').map(({ facts }) => [facts.reason, facts.article].join())),
    unanswered: tallied(
      rows
        .filter(({ outcome }) => !['denied', 'provided', 'received'].includes(outcome))
        .map(({ facts, outcome, cause }) => [facts.provider, outcome, cause].join()),
    ),
    longestMs: Object.fromEntries(
      [...grouped(groups, ({ group }) => group)].map(([group, own]) => {
        const all = own.map(({ ms }) => ms);
        return [group, { longestMs: Math.max(...all), provisions: all.length, meanMs: Math.round(all.reduce((sum, ms) => sum + ms, 0) / all.length) }];
      }),
    ),
  };
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

function tallied(names: readonly string[]): Outcomes {
  return Object.fromEntries([...grouped(names, (name) => name)].map(([name, own]) => [name, own.length]));
}

interface Row {
  readonly facts: Told['data'];
  readonly day: string;
  readonly outcome: string;
  readonly cause: string;
  readonly late: boolean;
  readonly ms: number | undefined;
  readonly groups: readonly string[];
}
function rowOf(events: readonly Told[]): Row {
  const last = (type: string): Told | undefined => events.findLast((event) => event.type === type);
  const facts = (events[0] as Told).data;
  const provision = last('ProvisionRecorded')?.data;
  const [refused, over, impossible] = [last('NoProvisionRecorded'), last('QueryLapsed') ?? last('QueryWithdrawalRecorded'), last('NotificationImpossible')];
  const isReceived = last('ReceiptRecorded') !== undefined;
  let [outcome, cause] = ['permitted', ''];
  if (last('ProvisionHeldRecorded') !== undefined) outcome = 'held';
  if (isReceived) outcome = 'received';
  if (refused !== undefined) [outcome, cause] = ['not-provided', String(refused.data['reason'])];
  if (over?.type === 'QueryLapsed') [outcome, cause] = ['lapsed', String(over.data['cause'])];
  if (over?.type === 'QueryWithdrawalRecorded') [outcome, cause] = ['withdrawn', ''];
  if (provision !== undefined) outcome = isReceived ? 'received' : 'provided';
  if (impossible !== undefined) [outcome, cause] = ['impossible', String(impossible.data['reason'])];
  if (events[0]?.type === 'QueryDenied') outcome = 'denied';
  return {
    facts,
    day: new Date(Date.parse(String(facts['requestedAt'])) + JAPAN_MS).toISOString().slice(0, 10),
    outcome,
    cause,
    late: provision?.['late'] === true,
    ms: provision === undefined ? undefined : Date.parse(String(provision['providedAt'])) - Date.parse(String(facts['requestedAt'])),
    groups:
      provision === undefined
        ? []
        : [
            'all',
            provision['automatic'] === true ? 'automatic' : 'official',
            `procedure,${facts['affair']},${facts['procedure'] ?? ''}`,
            `information,${facts['information']}`,
            `provider,${facts['provider']}`,
          ],
  };
}
