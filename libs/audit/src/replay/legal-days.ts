import { legalDay } from '#libs/kernel';

const HOURS_KEPT_MAX = 4_096;
const HOUR_CHARACTERS = 13;

/** Legal days of instants: most decisions are of the hour of the one before, and no hour lies in two of Japan's days. */
export class LegalDays {
  readonly #days = new Map<string, string>();
  #hour = '';
  #day = '';

  of(instant: string): string {
    if (this.#hour !== '' && instant.startsWith(this.#hour)) return this.#day;
    const hour = instant.slice(0, HOUR_CHARACTERS);
    let day = this.#days.get(hour);
    if (day === undefined) {
      day = legalDay(instant);
      if (this.#days.size >= HOURS_KEPT_MAX) this.#days.clear();
      this.#days.set(hour, day);
    }
    this.#hour = hour;
    this.#day = day;
    return day;
  }
}
