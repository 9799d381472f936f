import { join } from 'node:path';
import { type KnownLogEntry, readKnownLogs } from '../known/known-file.js';
import { KnownLog } from '../known/known-log.js';

/** What a verifier remembers of other parties' logs, read-only; its form, its digest and its checkpoints' signatures hold. Rejects with KNOWN_LOGS_…. */
export async function knownLogsIn(directory: string): Promise<readonly KnownLogEntry[]> {
  const entries = await readKnownLogs(join(directory, 'known-logs.json'));
  for (const entry of entries) KnownLog.of(entry);
  return entries;
}
