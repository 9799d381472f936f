import { AGENCY_CLASSES, type AgencyClass } from '#libs/domain';
import { indexed, once, readRows, ReferenceDataInvalid, type Sourced } from './tables.js';

const HOSTS = ['local', 'fund', 'pension', 'ministries', 'others'] as const;
export type Host = (typeof HOSTS)[number];

export interface AgencyClassEntry extends Sourced {
  readonly class: AgencyClass;
  /** Its place in the reserved range of agency codes. */
  readonly number: number;
  readonly ja: string;
  readonly en: string;
  /** 機関数 and 機関コード保有機関数 (2020-04-01; insurers 2020-02-12). */
  readonly institutions: number;
  readonly codeHolders: number;
  /** Class of the code holder that acts for its institutions. */
  readonly delegatedTo?: AgencyClass;
  /** Which servers it runs on in the sandbox; nothing for what is not connected. */
  readonly host?: Host;
  /** Named in the sources one by one, a single named body, numbered for want of names, or not in the register at all. */
  readonly naming: 'named' | 'single' | 'numbered' | 'absent';
}

/** Every class of the domain, each once. */
export const agencyClasses = once((): readonly AgencyClassEntry[] => {
  const file = 'agency-classes.tsv';
  const columns = ['class', 'number', 'ja', 'en', 'institutions', 'codeHolders', 'delegatedTo', 'host', 'naming', 'source', 'certainty'];
  const rows = readRows(file, columns).map((row) => ({
    class: row.oneOf('class', AGENCY_CLASSES),
    number: row.count('number'),
    ja: row.text('ja'),
    en: row.text('en'),
    institutions: row.count('institutions'),
    codeHolders: row.count('codeHolders'),
    ...(row.optional('delegatedTo') === undefined ? {} : { delegatedTo: row.oneOf('delegatedTo', AGENCY_CLASSES) }),
    ...(row.optional('host') === undefined ? {} : { host: row.oneOf('host', HOSTS) }),
    naming: row.oneOf('naming', ['named', 'single', 'numbered', 'absent'] as const),
    source: row.source,
    certainty: row.certainty,
  }));
  const byClass = indexed(file, rows, (entry) => entry.class);
  const missing = AGENCY_CLASSES.find((agencyClass) => !byClass.has(agencyClass));
  if (missing !== undefined) throw new ReferenceDataInvalid(file, rows.length + 2, `${missing} is missing`);
  return rows;
});
