import { DomainError } from '#libs/kernel';

/** Throws PERIOD_IN_FUTURE where a year or period has not begun on a legal day. That it is not reversed is part of its form. */
export function assertBegun(period: string | undefined, today: string): void {
  if (period === undefined) return;
  const begins = period.length === 4 ? `${period}-01-01` : period.slice(0, 10);
  if (begins > today) throw new DomainError('PERIOD_IN_FUTURE', 'invalid', 'the period has not begun yet', { field: 'period', rule: 'begun' });
}
