import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceClient, TokenSigner } from '#libs/platform';
import type { RebuildsResponse } from '#libs/read-models-service';
import { interruptible } from '../bulk/interruption.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { SettingsError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { connectionTexts } from '../connection/connection.texts.js';
import { readPrivateKey } from '../connection/private-key.js';
import { isHttpAddress } from '../connection/settings.js';
import type { RebuildAsked, RebuildOptions } from './rebuild.command.js';
import { isEnded, RebuildBar, reportRebuilds, type ShownRebuild } from './rebuild-report.js';
import { rebuildTexts } from './rebuild.texts.js';

const PATH = '/operations/rebuilds';
const DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 500;

function clientOf({ server, serverId, ...options }: RebuildOptions & { readonly server: string }, session: Session): ServiceClient {
  const say = connectionTexts(session.language);
  const operator = options.operator ?? (session.environment['RENKEI_OPERATOR'] || undefined);
  const key = options.key ?? (session.environment['RENKEI_KEY'] || undefined);
  const problems = [
    ...(isHttpAddress(server) ? [] : [say.notAnAddress('--server')]),
    ...(serverId === undefined ? [say.missing('--server-id', 'RENKEI_SERVER_ID', rebuildTexts(session.language).serverId)] : []),
    ...(operator === undefined ? [say.missing('--operator', 'RENKEI_OPERATOR', say.operator)] : []),
    ...(key === undefined ? [say.missing('--key', 'RENKEI_KEY', say.operatorKey)] : []),
  ];
  if (problems.length > 0 || serverId === undefined || operator === undefined || key === undefined) throw new SettingsError(problems);
  const { keyId, privateKey } = readPrivateKey('--key', key, session.language);
  return new ServiceClient({ address: server, audience: serverId, signer: new TokenSigner({ issuer: operator, keyId, privateKey }) });
}

/** Has the process that runs the party rebuild, and watches. Rejects with its refusal; interrupted, the process goes on. */
export async function rebuildAtServer(options: RebuildOptions & { readonly server: string }, asked: RebuildAsked, session: Session): Promise<ExitCode> {
  const say = rebuildTexts(session.language);
  const serverId = options.serverId ?? (session.environment['RENKEI_SERVER_ID'] || undefined);
  const client = clientOf({ ...options, ...(serverId === undefined ? {} : { serverId }) }, session);
  const bar = new RebuildBar(session);
  try {
    const { projections, to, accept, sharePercent } = asked;
    const body = { to, accept, sharePercent, ...(projections === undefined ? {} : { projections }) };
    const begun = await client.call<{ readonly rebuilds: RebuildsResponse['rebuilds'] }>({
      method: 'POST',
      path: PATH,
      body,
      idempotent: false,
      deadlineMs: DEADLINE_MS,
    });
    const names = new Set(begun.rebuilds.map(({ projection }) => projection));
    return await interruptible(
      () => session.note(say.leftRunning),
      async (signal) => {
        for (;;) {
          const { rebuilds } = await client.call<RebuildsResponse>({ method: 'GET', path: PATH, idempotent: true, deadlineMs: DEADLINE_MS });
          const shown: readonly ShownRebuild[] = rebuilds
            .filter(({ projection }) => names.has(projection))
            .map((rebuild) => ({ ...rebuild, party: serverId ?? '' }));
          bar.show(shown);
          if (shown.every(isEnded)) {
            bar.end();
            return reportRebuilds(shown, session);
          }
          if (signal.aborted) return EXIT.interrupted;
          await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
        }
      },
    );
  } finally {
    bar.end();
    await client.close();
  }
}
