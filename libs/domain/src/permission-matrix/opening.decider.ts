import { type Decider, DomainError, invalid, isCalendarDay, type Message } from '#libs/kernel';
import type { Opening, OpeningEvent } from './matrix.events.js';

/** Opens a class of agencies for items, from a legal day; what is open to that degree already is left out. */
export type OpeningCommand = Message<'OpenOperation', Opening>;

/** Earliest day of each item, and the earliest of full operation. */
export interface OpeningStream {
  readonly open: ReadonlyMap<string, string>;
  readonly full: ReadonlyMap<string, string>;
}

const openBy = (days: ReadonlyMap<string, string>, item: string, day: string): boolean => {
  const from = days.get(item);
  return from !== undefined && from <= day;
};

function decide(command: OpeningCommand, opening: OpeningStream): readonly OpeningEvent[] {
  const { from, items, stage } = command.data;
  if (!isCalendarDay(from)) throw invalid('from', 'a day of the calendar', 'not a day');
  if (items.length === 0) throw new DomainError('INVALID_INPUT', 'invalid', 'no items to open', { field: 'items', rule: 'at least one' });
  const degree = stage === 'full' ? opening.full : opening.open;
  const news = [...new Set(items)].filter((item) => !openBy(degree, item, from));
  return news.length === 0 ? [] : [{ type: 'OperationOpened', data: { ...command.data, items: news } }];
}

function earliest(days: ReadonlyMap<string, string>, items: readonly string[], from: string): ReadonlyMap<string, string> {
  const next = new Map(days);
  for (const item of items) if (!openBy(next, item, from)) next.set(item, from);
  return next;
}

function evolve(opening: OpeningStream, event: OpeningEvent): OpeningStream {
  const { items, from, stage } = event.data;
  return {
    open: earliest(opening.open, items, from),
    full: stage === 'full' ? earliest(opening.full, items, from) : opening.full,
  };
}

/** Stream `opening-<class>`. */
export const openingDecider: Decider<OpeningStream, OpeningCommand, OpeningEvent> = {
  decide,
  evolve,
  initialState: { open: new Map(), full: new Map() },
};
