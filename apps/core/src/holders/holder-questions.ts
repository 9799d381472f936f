import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Execution, holdersCommands } from '#libs/commands';
import { BoundedCache, monthKeyId, newExchangeId } from '#libs/cryptography';
import { DENIAL_CODES, type DenialCode, holderOf, judgeParties, partiesOf, type TellHolders } from '#libs/domain';
import { legalDay, legalMonth } from '#libs/kernel';
import { type AskHoldersLine, failed, type HoldersAnswer, type LineOutcome, notSpokenFor, succeeded } from '#libs/protocol';
import { CORE, CoreParts, SYSTEM } from '../core-parts.js';
import { identifierStream, IdentifierStandings, isInForce } from '../identifiers/identifier-standings.js';

/** Whom the law lets answer: code holders, or why there are none. */
type Candidates = { readonly holders: readonly string[] } | { readonly holders: readonly []; readonly reason: DenialCode };

const CANDIDATES_CACHED_MAX = 256;
const NONE_HOLDS = 'NO_HOLDER_OF_THIS_PERSON';

/** The reason that came furthest in the law's own order. */
const furthest = (a: DenialCode | undefined, b: DenialCode): DenialCode => (a !== undefined && DENIAL_CODES.indexOf(a) >= DENIAL_CODES.indexOf(b) ? a : b);

/**
 * 'Who has it?' (通知先の問合せ): which notification destinations hold an identifier for the person, of those that the law
 * lets answer. Never the identifiers. Asked and told are recorded together.
 */
@Injectable()
export class HolderQuestions {
  readonly #candidates = new BoundedCache<Candidates>(CANDIDATES_CACHED_MAX);

  constructor(
    private readonly parts: CoreParts,
    private readonly commands: CommandBus,
    private readonly standings: IdentifierStandings,
  ) {}

  async ask(caller: string, lines: readonly AskHoldersLine[]): Promise<readonly LineOutcome<HoldersAnswer>[]> {
    const outcomes = new Array<LineOutcome<HoldersAnswer>>(lines.length);
    const at = this.parts.clock.now();
    const asked: { index: number; answer: HoldersAnswer }[] = [];
    const executions: Execution<TellHolders>[] = [];
    // one after the other: a line may look at some two thousand holders
    for (const [index, line] of lines.entries()) {
      if (this.parts.register.interfaceSystemOf(line.requester) !== caller) {
        outcomes[index] = failed(notSpokenFor('requester'));
        continue;
      }
      const answer = await this.#answer(line, legalDay(at));
      asked.push({ index, answer });
      executions.push(this.#execution(line, answer, at));
    }
    const recorded = await this.commands.execute(new holdersCommands.Batch(executions));
    for (const [position, { index, answer }] of asked.entries()) {
      const outcome = recorded[position];
      outcomes[index] = outcome?.status === 'fulfilled' ? succeeded(answer) : failed(outcome?.reason);
    }
    return outcomes;
  }

  async #answer(line: AskHoldersLine, day: string): Promise<HoldersAnswer> {
    const candidates = this.#candidatesOf(line, day);
    if ('reason' in candidates) return candidates;
    const opened = this.parts.cipher.open(line.requester, line.requesterIdentifier);
    if (opened.status !== 'genuine') return { holders: [], reason: 'IDENTIFIER_NOT_VALID' satisfies DenialCode };
    const own = identifierStream(this.parts.names.identifier(line.requester, opened.link));
    const streams = candidates.holders.map((holder) => identifierStream(this.parts.names.identifier(holder, opened.link)));
    // most candidates hold nothing of this person: what exists is told before anything is read
    const revisions = await this.parts.store.revisions([own, ...streams]);
    const existing = streams.filter((_, index) => (revisions[index + 1] ?? -1) >= 0);
    const [mine, ...refs] = await this.standings.readStreams([own, ...existing]);
    if (mine === undefined || !isInForce(mine.standing, opened)) return { holders: [], reason: 'IDENTIFIER_NOT_VALID' satisfies DenialCode };
    const standing = new Set(refs.filter((ref) => ref.standing.status === 'issued').map(({ stream }) => stream));
    const holders = candidates.holders.filter((_, index) => standing.has(streams[index] as string));
    return holders.length === 0 ? { holders, reason: NONE_HOLDS } : { holders };
  }

  /** Every registered institution is judged as the provider; its holder is the destination. */
  #candidatesOf(line: AskHoldersLine, day: string): Candidates {
    const { register } = this.parts;
    const name = [line.requester, line.requesterInstitution ?? '', line.affair, line.information, day, register.version].join(' ');
    const known = this.#candidates.get(name);
    if (known) return known;
    const holders = new Set<string>();
    let reason: DenialCode | undefined;
    for (const { state } of register.agencies()) {
      const holder = holderOf(state);
      const question = { ...line, provider: holder, ...(holder === state.code ? {} : { providerInstitution: state.code }) };
      const legality = judgeParties(register.law, partiesOf(register, question), question, day);
      if (legality.permitted) holders.add(holder);
      else reason = furthest(reason, legality.code);
    }
    const candidates: Candidates = holders.size > 0 ? { holders: [...holders].sort() } : { holders: [], reason: reason ?? 'NOT_A_PARTICIPANT' };
    this.#candidates.set(name, candidates);
    return candidates;
  }

  #execution(line: AskHoldersLine, { holders, reason }: HoldersAnswer, at: string): Execution<TellHolders> {
    const id = newExchangeId(Date.parse(at));
    const { requester, requesterInstitution, affair, information, department, requesterIdentifier } = line;
    return {
      stream: `holders-${id}`,
      isNew: true,
      command: {
        type: 'TellHolders',
        data: {
          requester,
          ...(requesterInstitution === undefined ? {} : { requesterInstitution }),
          affair,
          information,
          department,
          askedAt: at,
          subject: { value: requesterIdentifier },
          holders,
          ...(reason === undefined ? {} : { reason }),
        },
      },
      context: { at, actor: SYSTEM, correlationId: id, causationId: id, keyId: monthKeyId(CORE, legalMonth(at)) },
    };
  }
}
