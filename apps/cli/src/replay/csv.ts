import { stringify } from 'csv-stringify/sync';
import type { Change, Finding } from '#libs/audit';

/** Groups of changes, one a row, the columns named as in the JSON. */
export const changesCsv = (changes: readonly Change[]): string =>
  stringify([...changes], { header: true, columns: ['change', 'item', 'itemAgain', 'requesterClass', 'information', 'month', 'before', 'after', 'decisions'] });

/** Findings, a row for each field that differs and for each stream of a basis. */
export const findingsCsv = (findings: readonly Finding[]): string =>
  stringify(
    findings.flatMap(({ code, exchange, at, position, leaf, differences, basis }) => {
      const place = { code, exchange, at, position, leaf };
      const rows: object[] = [
        ...differences.map((difference) => ({ ...place, ...difference })),
        ...basis.map(({ stream, revision, newest, position: overtakenAt, leaf: overtakenBy }) => ({
          ...place,
          stream,
          revision,
          newest,
          overtakenAt,
          overtakenBy,
        })),
      ];
      return rows.length === 0 ? [place] : rows;
    }),
    {
      header: true,
      columns: ['code', 'exchange', 'at', 'position', 'leaf', 'field', 'recorded', 'again', 'stream', 'revision', 'newest', 'overtakenAt', 'overtakenBy'],
    },
  );
