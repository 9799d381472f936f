import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EXPIRED_AT_ONCE_MAX, type MailboxEntry, ResultMailbox } from './result-mailbox.js';

const KEY = randomBytes(32);
const entry = (agency: string, exchangeId: string, keptUntil = '2020-05-22T00:00:00.000Z', payload = '{"secret":"tax 4711"}'): MailboxEntry => ({
  reference: {
    exchangeId,
    agency,
    provider: 'A',
    information: 'TM',
    items: [],
    providedAt: '2020-05-08T00:00:00.000Z',
    receivedAt: '2020-05-08T00:00:00.000Z',
    keptUntil,
    digest: 'd',
  },
  payload,
});
const idsOf = (mailbox: ResultMailbox, agency: string, limit = 10, after?: string): string[] =>
  mailbox.list(agency, limit, after).references.map(({ exchangeId }) => exchangeId);

describe('the result mailbox', () => {
  let directory: string;
  let mailbox: ResultMailbox;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'renkei-mailbox-'));
    mailbox = ResultMailbox.open(directory, KEY);
  });
  afterEach(async () => {
    await mailbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('keeps what was put in over a restart, enciphered, and only for its agency', async () => {
    await mailbox.put([entry('X', '1'), entry('Y', '2'), entry('X', '3')]);
    await mailbox.close();
    expect((await readFile(join(directory, 'results.mdb'))).includes('4711')).toBe(false);
    mailbox = ResultMailbox.open(directory, KEY);
    expect(idsOf(mailbox, 'X')).toEqual(['1', '3']);
    expect(mailbox.get('X', '1')?.payload).toBe('{"secret":"tax 4711"}');
    expect(mailbox.get('X', '2')).toBeUndefined();
    expect(mailbox.get('Y', '2')?.reference.agency).toBe('Y');
  });

  it('keeps the first of two puts', async () => {
    await mailbox.put([entry('X', '1', undefined, 'first')]);
    await mailbox.put([entry('X', '1', undefined, 'second'), entry('X', '1', undefined, 'third')]);
    expect(mailbox.get('X', '1')?.payload).toBe('first');
    expect(idsOf(mailbox, 'X')).toEqual(['1']);
  });

  it('removes without a trace, of one agency alone, and takes the same id in again', async () => {
    await mailbox.put([entry('X', '1'), entry('Y', '1')]);
    await mailbox.remove('X', ['1', 'unknown']);
    expect(mailbox.get('X', '1')).toBeUndefined();
    expect(mailbox.get('Y', '1')).toBeDefined();
    expect(await mailbox.expire('2020-05-22T00:00:00.000Z')).toBe(1);
    await mailbox.put([entry('X', '1')]);
    expect(idsOf(mailbox, 'X')).toEqual(['1']);
  });

  it('expires at the instant, in bounded passes', async () => {
    await mailbox.put(Array.from({ length: EXPIRED_AT_ONCE_MAX + 1 }, (_, index) => entry('X', `old-${index}`)));
    await mailbox.put([entry('X', 'new', '2020-06-01T00:00:00.000Z')]);
    expect(await mailbox.expire('2020-05-21T23:59:59.999Z')).toBe(0);
    expect(await mailbox.expire('2020-05-22T00:00:00.000Z')).toBe(EXPIRED_AT_ONCE_MAX);
    expect(await mailbox.expire('2020-05-22T00:00:00.000Z')).toBe(1);
    expect(idsOf(mailbox, 'X')).toEqual(['new']);
  });

  it('pages from a cursor, also past what was removed', async () => {
    await mailbox.put(['1', '2', '3', '4'].map((id) => entry('X', id)));
    const { next } = mailbox.list('X', 2);
    await mailbox.remove('X', ['2', '3']);
    expect(idsOf(mailbox, 'X', 10, next)).toEqual(['4']);
    expect(() => mailbox.list('X', 10, '../Y')).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
  });

  it('opens nothing under another key, and refuses after it was closed', async () => {
    await mailbox.put([entry('X', '1')]);
    await mailbox.close();
    mailbox = ResultMailbox.open(directory, randomBytes(32));
    expect(() => mailbox.get('X', '1')).toThrow(expect.objectContaining({ code: 'MAILBOX_VALUE_CORRUPT' }));
    await mailbox.close();
    await expect(mailbox.put([entry('X', '2')])).rejects.toMatchObject({ code: 'MAILBOX_UNAVAILABLE', kind: 'unavailable' });
  });

  it('says so where its directory cannot be made', () => {
    expect(() => ResultMailbox.open('/dev/null/mailbox', KEY)).toThrow(expect.objectContaining({ code: 'MAILBOX_UNAVAILABLE' }));
  });
});
