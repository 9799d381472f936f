import { queryTexts } from '../query/query.texts.js';
import { UsageError } from './failures.js';
import type { Session } from './session.js';
import { givenOrRead } from './standard-input.js';

const PERSON_CHARACTERS_MAX = 100;

/** The person's in-agency number from `--person`, or from standard input for `-`. Throws UsageError. */
export async function personOf(given: string, session: Session): Promise<string> {
  const person = await givenOrRead(given, PERSON_CHARACTERS_MAX);
  if (person === undefined || person === '') throw new UsageError('--person', 'given', queryTexts(session.language).noPerson);
  return person;
}
