import { invalid, isCalendarDay } from '#libs/kernel';

/** Throws INVALID_INPUT where a day is given that is none. */
export function checkDay(name: string, day: string | undefined): void {
  if (day !== undefined && !isCalendarDay(day)) throw invalid(name, 'a day of the calendar, YYYY-MM-DD', `${name} is not a day`);
}

/** Of a period from a day on, up to one that is not in it. Throws INVALID_INPUT where it is none. */
export function checkPeriod({ from, to }: { readonly from?: string; readonly to?: string }): void {
  checkDay('from', from);
  checkDay('to', to);
  if (from !== undefined && to !== undefined && to <= from) throw invalid('to', 'after from', 'the period ends before it begins');
}
