import type { Basis, ExchangeEvent } from '#libs/domain';
import type { Difference } from './findings.js';
import type { RecordedDecision } from './recorded.js';

/** Fields whose values are the law's or the record's own: they may be told. Of any other only that it differs. */
const TOLD: ReadonlySet<string> = new Set(['table', 'item', 'grant', 'reason', 'article', 'exceptionApplied', 'validUntil']);
const ABSENT = '–';

const outcomeOf = (type: string): string => (type === 'QueryPermitted' ? 'permitted' : 'denied');
type Fields = Readonly<Record<string, unknown>>;

function told(field: string, value: unknown): string {
  if (value === undefined) return ABSENT;
  return TOLD.has(field) && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') ? String(value) : 'present';
}

/** Whether two parts of a basis say the same. Both are plain: numbers, and streams with revisions. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  return keys.length === others.length && keys.every((key) => isSame((one as Fields)[key], (other as Fields)[key]));
}

function basisDifferences(recorded: Basis, again: Basis): readonly Difference[] {
  const names = new Set([...Object.keys(recorded), ...Object.keys(again)]);
  return [...names].flatMap((name) => {
    const [one, other] = [(recorded as Fields)[name], (again as Fields)[name]];
    return isSame(one, other) ? [] : [{ field: `basis.${name}`, recorded: JSON.stringify(one) ?? ABSENT, again: JSON.stringify(other) ?? ABSENT }];
  });
}

const NONE: readonly Difference[] = [];

/** True where the decider's first event is what was recorded, field by field. */
function sameEvent(recorded: RecordedDecision, again: ExchangeEvent): boolean {
  if (recorded.type !== again.type) return false;
  const [data, fields] = [recorded.data as Fields, again.data as Fields];
  let count = 0;
  for (const name in fields) {
    count += 1;
    if (fields[name] !== data[name] && (name !== 'basis' || !isSame(fields[name], data[name]))) return false;
  }
  for (const _ in data) count -= 1;
  return count === 0;
}

/** Every field in which the record is not what the decider gives. `impossible`: whether NotificationImpossible follows in the record. */
export function differencesOf(recorded: RecordedDecision, impossible: boolean, again: readonly ExchangeEvent[]): readonly Difference[] {
  const [first, second] = again;
  if (first === undefined) return [{ field: 'outcome', recorded: outcomeOf(recorded.type), again: ABSENT }];
  const same = sameEvent(recorded, first);
  if (same && impossible === (second !== undefined)) return NONE;
  const differences: Difference[] = [];
  if (recorded.type !== first.type) differences.push({ field: 'outcome', recorded: outcomeOf(recorded.type), again: outcomeOf(first.type) });
  if (!same) {
    const [data, fields] = [recorded.data as Fields, first.data as Fields];
    for (const name of new Set([...Object.keys(data), ...Object.keys(fields)])) {
      if (name === 'basis') differences.push(...basisDifferences(data[name] as Basis, fields[name] as Basis));
      else if (data[name] !== fields[name]) differences.push({ field: name, recorded: told(name, data[name]), again: told(name, fields[name]) });
    }
  }
  if (impossible !== (second !== undefined)) {
    const words = (is: boolean): string => (is ? 'impossible' : 'possible');
    differences.push({ field: 'notification', recorded: words(impossible), again: words(second !== undefined) });
  }
  return differences;
}
