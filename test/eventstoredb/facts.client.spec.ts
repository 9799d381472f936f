import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { facts } from './facts.js';

const CHILD = fileURLToPath(new URL('./client-hazards.child.js', import.meta.url));
const CANCELLED = 'unknown 1: 1 CANCELLED: Cancelled on client';

facts('hazards of the client', (subject) => {
  const seen = async <T>(hazard: string): Promise<T> => {
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, hazard, subject.url, subject.stream()], { timeout: 25_000 });
    return JSON.parse(stdout) as T;
  };

  test('one bad event wedges the client: it is refused, answered again two seconds later, and what is appended then is stored but never settles', async () => {
    const { refused, unhandled, after, isStored, read } = await seen<Record<string, unknown>>('bad-event');
    expect(refused).toBe('unknown -: Could not recognize BadRequest');
    expect(unhandled).toEqual(['TypeError']);
    expect([after, isStored, read]).toEqual(['pending', true, 1]);
  });

  test('data that is no JSON is thrown where nobody can catch it, and its append never settles; the client stays usable', async () => {
    const { outcomes, unhandled, after } = await seen<Record<string, unknown>>('unserialisable');
    expect(outcomes).toEqual(['pending', 'pending']);
    expect(unhandled).toEqual(['TypeError', 'TypeError']);
    expect(after).toBe('resolved');
  });

  test('dispose rejects what is in flight as unknown, not as cancelled; afterwards the client is usable again', async () => {
    const { outcomes, after } = await seen<{ outcomes: Record<string, number>; after: string }>('dispose');
    expect(Object.keys(outcomes).sort()).toEqual([CANCELLED]);
    expect(after).toBe('resolved');
  });

  test('disposing of one client rejects what another has in flight, though it is stored', async () => {
    const { outcomes, stored } = await seen<{ outcomes: Record<string, number>; stored: number }>('other-client');
    expect(outcomes[CANCELLED]).toBeGreaterThan(0);
    expect(stored).toBeGreaterThan(0);
  });
});
