import type { InterfaceSystemPort } from '#libs/protocol';
import type { ServerLog } from './server-log.js';

/** What this server calls at its interface system in the course of exchanges. */
export type WayOut = Pick<
  InterfaceSystemPort,
  'decideQueries' | 'withdrawQueries' | 'exchangeStatuses' | 'askHolders' | 'issueAcquisitionNumbers' | 'collectIdentifiers' | 'sendProvisions'
>;

/** The way out behind the log: a call is made once the log holds what was recorded before it, and not at all where it cannot. */
export function behindLog(port: WayOut, log: ServerLog): WayOut {
  const behind =
    <L, A>(call: (caller: string, lines: readonly L[]) => Promise<A>) =>
    async (caller: string, lines: readonly L[]): Promise<A> => {
      await log.caughtUp();
      return call(caller, lines);
    };
  return {
    decideQueries: behind((caller, lines) => port.decideQueries(caller, lines)),
    withdrawQueries: behind((caller, lines) => port.withdrawQueries(caller, lines)),
    exchangeStatuses: behind((caller, lines) => port.exchangeStatuses(caller, lines)),
    askHolders: behind((caller, lines) => port.askHolders(caller, lines)),
    issueAcquisitionNumbers: behind((caller, lines) => port.issueAcquisitionNumbers(caller, lines)),
    collectIdentifiers: behind((caller, lines) => port.collectIdentifiers(caller, lines)),
    sendProvisions: behind((caller, lines) => port.sendProvisions(caller, lines)),
  };
}
