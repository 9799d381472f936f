import { isCalendarDay } from '#libs/kernel';
import { UsageError } from '../command-line/failures.js';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z$/;

/** An instant, ISO 8601 UTC with milliseconds; a day is its first instant in Japan. Throws UsageError with this message. */
export function parseInstant(option: string, text: string, message: string): string {
  const instant = isCalendarDay(text)
    ? new Date(`${text}T00:00:00+09:00`)
    : new Date(INSTANT.test(text) && isCalendarDay(text.slice(0, 10)) ? text : Number.NaN);
  if (Number.isNaN(instant.getTime())) throw new UsageError(option, 'a day or an instant', message);
  return instant.toISOString();
}
