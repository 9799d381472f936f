import { StoreUnsupported } from '../errors.js';
import type { EsdbClient } from './esdb-client.js';
import type { Times } from './limits.js';

/** The oldest version whose behaviour this adapter was made for. */
const [MAJOR_MIN, MINOR_MIN] = [23, 10];

/** Waits, as long as opening may take, for the server to answer; rejects with StoreUnsupported where it is too old or no EventStoreDB. */
export async function checkServer(client: EsdbClient, { readIdleMs, openMs, replaceAfterMs }: Times): Promise<string> {
  const version = await client.trying(() => client.version(readIdleMs), { budgetMs: openMs, replaceAfterMs });
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const isSupported = Number(major) > MAJOR_MIN || (Number(major) === MAJOR_MIN && Number(minor) >= MINOR_MIN);
  if (!isSupported) throw new StoreUnsupported(version.slice(0, 40), `${MAJOR_MIN}.${MINOR_MIN}`);
  return version;
}
