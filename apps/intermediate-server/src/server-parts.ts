import { type Party } from '#libs/commands';
import { HmacSha256, monthKeyId, provisionDigest, subjectKeyId } from '#libs/cryptography';
import { legalMonth } from '#libs/kernel';
import { type Clock, isDomainError, type Log } from '#libs/platform';
import { type DirectoryCache, failed, type Problem } from '#libs/protocol';
import { type Answer, type Ask, isBehind, type QuestionName, type ReadModels } from '#libs/read-models';
import { ServerLog } from './log/server-log.js';
import { behindLog, type WayOut } from './log/way-out.js';
import type { ResultMailbox } from './result/result-mailbox.js';
import type { ServerSettings } from './settings.js';

/** `actor` of what the server records by itself. */
export const SYSTEM = 'system';
export const officialOf = (department: string): string => `official:${department}`;

const FRESH_TIMEOUT_MS = 2_000;

/** What the services of an intermediate server are made of: opened once, closed after the last request. */
export class ServerParts {
  readonly serverLog: ServerLog;
  /** The way out: everything that leaves this server in the course of exchanges goes through it, once it is in the log. */
  readonly interfaceSystem: WayOut;
  readonly #hmac: HmacSha256;
  /** The last instant asked for: the lines of a batch mostly share it. */
  #month = { instant: '', month: '' };

  constructor(
    readonly id: string,
    readonly party: Party,
    readonly models: ReadModels,
    readonly mailbox: ResultMailbox,
    readonly directory: DirectoryCache,
    wayOut: WayOut,
    readonly clock: Clock,
    readonly log: Log,
    readonly settings: ServerSettings,
  ) {
    this.serverLog = new ServerLog(party);
    this.interfaceSystem = behindLog(wayOut, this.serverLog);
    this.#hmac = new HmacSha256(party.secrets.streamSecret);
  }

  now(): string {
    return this.clock.now();
  }

  /** Key of an agency's record of one exchange: month of its request (format.md §2). */
  recordKey(agency: string, requestedAt: string): string {
    if (this.#month.instant !== requestedAt) this.#month = { instant: requestedAt, month: legalMonth(requestedAt) };
    return monthKeyId(agency, this.#month.month);
  }

  /** Key of everything that must outlive a month about one person at one agency. */
  subjectKey(agency: string, subject: string): string {
    return subjectKeyId(agency, subject);
  }

  /** Stream id of a person at an agency, for `subject-` and `replica-`. */
  subjectName(agency: string, inAgencyNumber: string): string {
    return this.party.names.subject(agency, inAgencyNumber);
  }

  /** HMAC-SHA-256 of a text under the server's stream secret, base64url of 32 bytes; `use` keeps two uses apart. */
  hmac(use: string, text: string): string {
    return this.#hmac.digest(`${use}/${text}`, 'base64url');
  }

  /** What requester, core and provider record of provided data: SHA-256(random ‖ payload), base64url; `random` is base64url too. */
  digestOf(random: string, payload: string): string {
    return provisionDigest(Buffer.from(random, 'base64url'), payload);
  }

  /** A line's refusal. What is no refusal but a fault of this side is logged, and shows nothing of itself. */
  failed(error: unknown): { readonly ok: false; readonly problem: Problem } {
    const refusal = failed(error);
    if (refusal.problem.kind === 'internal') this.log.error('a line could not be handled', { error });
    return refusal;
  }

  /**
   * Asks a read model that has taken in everything recorded so far; where it lags by more than FRESH_TIMEOUT_MS (a bulk is
   * being taken in) or is being rebuilt, as it stands: a list that is a little old is better than none.
   */
  async askFresh<N extends QuestionName>(name: N, question: Ask<N>): Promise<Answer<N>> {
    try {
      return await this.models.ask(name, question, { atLeast: await this.party.store.lastPosition(), timeoutMs: FRESH_TIMEOUT_MS });
    } catch (error) {
      if (!isDomainError(error) || !isBehind(error)) throw error;
      return this.models.ask(name, question);
    }
  }
}
