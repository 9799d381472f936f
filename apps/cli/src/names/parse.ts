import { isCalendarDay } from '#libs/kernel';
import type { Language } from '#libs/terminal';
import { UsageError } from '../command-line/failures.js';
import { nameTexts } from './names.texts.js';

const TEXT_CHARACTERS_MAX = 200;

/** A text of an option; refuses an empty or over-long one. */
export function parseText(option: string, text: string, language: Language, charactersMax = TEXT_CHARACTERS_MAX): string {
  const say = nameTexts(language);
  if (text.trim() === '') throw new UsageError(option, 'not empty', say.empty(option));
  if (text.length > charactersMax) throw new UsageError(option, `at most ${charactersMax} characters`, say.tooLong(option, charactersMax));
  return text.trim();
}

/** `YYYY-MM-DD` that the calendar has. */
export function parseDay(option: string, text: string, language: Language): string {
  if (!isCalendarDay(text)) throw new UsageError(option, 'a day of the calendar, YYYY-MM-DD', nameTexts(language).notADay(option));
  return text;
}

export function parseWholeNumber(option: string, text: string, { min, max }: { readonly min: number; readonly max: number }, language: Language): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(option, `a whole number from ${min} to ${max}`, nameTexts(language).notAWholeNumber(option, min, max));
  return value;
}
