const NINE_HOURS_MS = 9 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The legal day in Japan (UTC+9, no daylight saving) of an ISO 8601 UTC instant: `2019-06-30T15:00:00.000Z` is
 * `2019-07-01`. Pure arithmetic over the text's own instant; reads no clock.
 */
export function legalDay(instant: string): string {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) throw new RangeError('not an ISO 8601 instant');
  return new Date(ms + NINE_HOURS_MS).toISOString().slice(0, 10);
}

/** `YYYY-MM` of the legal day: the retention month. */
export const legalMonth = (instant: string): string => legalDay(instant).slice(0, 7);

/** True for `YYYY-MM-DD` that is a day of the calendar (not 2020-02-30). */
export function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const parsed = new Date(`${text}T00:00:00.000Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
}

/** `instant` moved by milliseconds, ISO 8601 UTC with milliseconds. */
export const plusMs = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString();

/** A day of the calendar, YYYY-MM-DD, moved by whole days. */
export const plusDays = (day: string, days: number): string => plusMs(`${day}T00:00:00.000Z`, days * DAY_MS).slice(0, 10);
