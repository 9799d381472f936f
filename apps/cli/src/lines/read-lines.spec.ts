import { describe, expect, it } from '@jest/globals';
import { QUERY_FORM } from '../query/query-line.js';
import { REPLICA_FORM } from '../replicas/replica-line.js';
import { ByteLines } from './byte-lines.js';
import type { Fields, LineForm } from './line-form.js';
import { csvFields, type Format, type ReadLine, readLines } from './read-lines.js';

async function* whole(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
async function read(text: string, format: Format, form: LineForm = QUERY_FORM, defaults: Fields = { nonDisclosure: false }): Promise<readonly ReadLine[]> {
  const lines: ReadLine[] = [];
  for await (const line of readLines(new ByteLines(whole(text), 'utf-8'), format, form, defaults)) lines.push(line);
  return lines;
}

const QUERY = {
  inAgencyNumber: '1',
  provider: '0220113206301700',
  affair: 'JM99000000000027',
  information: 'TM00000000000002',
  department: 'tax',
};
const HEAD = Object.keys(QUERY).join(',');
const ROW = Object.values(QUERY).join(',');
const problemOf = (line: ReadLine | undefined) => (line === undefined || line.ok ? undefined : line.problem);

describe('NDJSON', () => {
  it('gives each line with its number, blank lines keep theirs', async () => {
    const lines = await read(`${JSON.stringify(QUERY)}\n\n  \n${JSON.stringify({ ...QUERY, nonDisclosure: true, period: '2020' })}\n`, 'ndjson');
    expect(lines).toEqual([
      { line: 1, ok: true, fields: { ...QUERY, nonDisclosure: false } },
      { line: 4, ok: true, fields: { ...QUERY, nonDisclosure: true, period: '2020' } },
    ]);
  });

  it.each([
    ['what is no JSON', '{"inAgencyNumber":', { rule: 'JSON' }],
    ['a list', '[1]', { rule: 'a JSON object' }],
    ['null', 'null', { rule: 'a JSON object' }],
    ['a field that there is not', JSON.stringify({ ...QUERY, colour: 'red' }), { field: 'colour', rule: 'known fields' }],
    ['an id, which is made here', JSON.stringify({ ...QUERY, exchangeId: 'x' }), { field: 'exchangeId', rule: 'known fields' }],
    ['a missing field', JSON.stringify({ ...QUERY, provider: undefined }), { field: 'provider', rule: 'given' }],
    ['a number where a text belongs', JSON.stringify({ ...QUERY, inAgencyNumber: 1 }), { field: 'inAgencyNumber', rule: 'a text' }],
    ['a text where true or false belongs', JSON.stringify({ ...QUERY, nonDisclosure: 'no' }), { field: 'nonDisclosure', rule: 'true or false' }],
    ['a wrong check digit', JSON.stringify({ ...QUERY, provider: '0220113206401700' }), { field: 'provider', code: 'CHECK_DIGIT_WRONG' }],
    ['an affair of the wrong form', JSON.stringify({ ...QUERY, affair: 'JM1' }), { field: 'affair' }],
    ['an over-long text', JSON.stringify({ ...QUERY, department: 'x'.repeat(1_001) }), { field: 'department', rule: 'length' }],
  ])('refuses %s alone, and does not repeat it', async (_what, text, problem) => {
    const lines = await read(`${JSON.stringify(QUERY)}\n${text}\n${JSON.stringify(QUERY)}\n`, 'ndjson');
    expect(lines.map(({ line, ok }) => [line, ok])).toEqual([
      [1, true],
      [2, false],
      [3, true],
    ]);
    expect(problemOf(lines[1])).toMatchObject({ kind: 'invalid', ...problem });
  });

  it('takes the name of a field that is no name for none', async () => {
    const [line] = await read(JSON.stringify({ ...QUERY, '123456789018': 'x' }), 'ndjson');
    expect(JSON.stringify(line)).not.toContain('123456789018');
  });
});

describe('CSV', () => {
  it('reads columns by their names, empty cells as left out, quotes and commas as RFC 4180 has them', async () => {
    const lines = await read(`\ufeff${HEAD},applicationId,nonDisclosure\r\n${ROW},"a ""b"", c",1\r\n${ROW},,\r\n`, 'csv');
    expect(lines).toEqual([
      { line: 2, ok: true, fields: { ...QUERY, applicationId: 'a "b", c', nonDisclosure: true } },
      { line: 3, ok: true, fields: { ...QUERY, nonDisclosure: false } },
    ]);
  });

  it('refuses a line alone with too many or too few fields, or an open quote', async () => {
    const lines = await read(`${HEAD}\n${ROW},x\n1,2\n"${ROW}\n${ROW}\n`, 'csv');
    expect(lines.map(({ line, ok }) => [line, ok])).toEqual([
      [2, false],
      [3, false],
      [4, false],
      [5, true],
    ]);
    expect(problemOf(lines[0])).toMatchObject({ rule: 'as many fields as the head' });
    expect(problemOf(lines[2])).toMatchObject({ rule: 'RFC 4180' });
  });

  it.each([
    ['unknown columns', `${HEAD},colour,size`, { why: 'unknown', columns: ['colour', 'size'] }],
    ['missing columns', 'inAgencyNumber,provider', { why: 'missing', columns: ['affair', 'information', 'department'] }],
    ['a column twice', `${HEAD},affair`, { why: 'twice', columns: ['affair'] }],
    ['an open quote', `"${HEAD}`, { why: 'unreadable' }],
  ])('refuses a head with %s as a whole', async (_what, head, refusal) => {
    await expect(read(`${head}\n${ROW}\n`, 'csv')).rejects.toMatchObject({ name: 'HeadRefused', ...refusal });
  });

  it('needs no column for what an option gives', async () => {
    const { affair, information, department, ...rest } = QUERY;
    const [line] = await read(`inAgencyNumber,provider\n${Object.values(rest).join(',')}\n`, 'csv', QUERY_FORM, { affair, information, department });
    expect(line).toEqual({ line: 2, ok: true, fields: QUERY });
  });

  it('holds the content of a replica as JSON', async () => {
    const head = 'inAgencyNumber,information,dataset,layout,content';
    const lines = await read(`${head}\n1,TM00000000000002,income,2019-06,"{""tax"":1}"\n1,TM00000000000002,income,2019-06,tax\n`, 'csv', REPLICA_FORM, {});
    expect(lines[0]).toMatchObject({ ok: true, fields: { content: { tax: 1 } } });
    expect(problemOf(lines[1])).toMatchObject({ field: 'content', rule: 'an object' });
  });

  it('is split the same with and without quotes', () => {
    expect(csvFields('a,,b ')).toEqual(['a', '', 'b ']);
    expect(csvFields('"a",,"b "')).toEqual(['a', '', 'b ']);
    expect(csvFields('"a"b,c')).toBeUndefined();
  });
});
