import { isCalendarDay } from '#libs/kernel';
import { Follows, IsBase64Url, IsText, textRule } from '#libs/platform';

/** SHA-256 as base64url without padding. */
export const IsLeafHash = (): PropertyDecorator => IsBase64Url({ bytesMin: 32, bytesMax: 32 });
/** A code holder's identifier of a person (機関別符号), as the core writes it; whether it holds is the core's to say. */
export const IsIdentifier = (): PropertyDecorator => IsText({ max: 64 });
export const IsAcquisitionNumber = (): PropertyDecorator => IsText({ max: 64 });
export const IsDataset = (): PropertyDecorator =>
  Follows(
    textRule('dataset', 'must be a data set key: 1 to 64 letters, digits, dots, underscores or hyphens', (text) => /^[A-Za-z0-9._-]{1,64}$/.test(text), {
      example: 'income',
    }),
  );
export const IsDepartmentCode = (): PropertyDecorator =>
  Follows(
    textRule('department', 'must be a department code: 1 to 20 letters, digits, underscores or hyphens', (text) => /^[A-Za-z0-9_-]{1,20}$/.test(text), {
      example: 'child-welfare',
    }),
  );

/** `2020`, or `2019-04-01/2020-03-31` with existing days in order. */
export function isPeriod(text: string): boolean {
  if (/^[12][0-9]{3}$/.test(text)) return true;
  const [from = '', to = '', ...more] = text.split('/');
  return more.length === 0 && isCalendarDay(from) && isCalendarDay(to) && from <= to;
}
export const IsPeriod = (): PropertyDecorator =>
  Follows(textRule('period', 'must be a year, or a first and a last day joined by a slash, in order', isPeriod, { example: '2020' }));
