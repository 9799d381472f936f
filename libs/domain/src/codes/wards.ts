import { invalid } from '#libs/kernel';
import { isLocalGovernmentCode, localGovernmentCheckDigit, type LocalGovernmentCode, parseLocalGovernmentCode } from './codes.js';

const TOKYO = '13';

/** A designated city (指定都市): outside Tokyo, third to fifth digit 100–199, and not a ward. The list comes from the register. */
export const hasDesignatedCityForm = (code: string): boolean => !code.startsWith(TOKYO) && /^\d{2}1\d{2}/.test(code);

/**
 * The municipality that acts for a code: itself, or for a ward of a designated city its city. Outside Tokyo a five-digit
 * code ending 101–199 belongs to the greatest designated-city code of its prefecture that is not above it (inferred).
 * Takes five digits, or six with their check digit. Throws INVALID_INPUT, CHECK_DIGIT_WRONG, or UNKNOWN_WARD where no
 * designated city of that prefecture lies at or below it.
 */
export function actingMunicipality(code: string, designatedCities: readonly LocalGovernmentCode[], field = 'localGovernment'): LocalGovernmentCode {
  const six = code.length === 5 ? `${code}${localGovernmentCheckDigit(code)}` : code;
  const own = parseLocalGovernmentCode(six, field);
  if (!hasDesignatedCityForm(own)) return own;
  const candidates = designatedCities.filter((city) => city.slice(0, 2) === own.slice(0, 2) && city.slice(0, 5) <= own.slice(0, 5));
  const city = candidates.sort().at(-1);
  if (city === undefined || !isLocalGovernmentCode(city)) {
    throw invalid(field, 'ward of a designated city', 'no designated city has this ward', 'UNKNOWN_WARD');
  }
  return city;
}
