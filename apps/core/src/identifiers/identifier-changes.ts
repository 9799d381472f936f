import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Executed, type Execution, identifierCommands } from '#libs/commands';
import { holderKeyId } from '#libs/cryptography';
import type { IdentifierCommand, IdentifierEvent } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { failed, type IdentifierChangeLine, type LineOutcome, succeeded } from '#libs/protocol';
import { CoreParts, OPERATOR } from '../core-parts.js';
import { eventOf } from '../exchanges/exchange-stream.js';
import { CoreLog } from '../log/core-log.js';
import { Notices } from '../notifier/notices.js';
import type { ChangeIdentifierLine, Changed } from '../operations/operation.lines.js';
import { type IdentifierRef, IdentifierStandings } from './identifier-standings.js';

type Kind = 'revoke' | 'reissue';
interface Change {
  readonly index: number;
  readonly line: ChangeIdentifierLine;
  readonly link: Uint8Array;
  /** Generation of the identifier that was named. */
  readonly generation: number;
  readonly ref: IdentifierRef;
  readonly person: string;
}

const refuse = (code: string, message: string): DomainError => new DomainError(code, 'unprocessable', message, { field: 'identifier' });
/** The generation after the change that was asked for: asked for again, it is found there. */
const wantedGeneration = (kind: Kind, { generation }: Change): number => (kind === 'revoke' ? generation : generation + 1);

/**
 * Revokes and reissues identifiers, named by themselves and their holder. The holder's server is told each time it is
 * asked for, also when the change was recorded before: so a notice that was lost is sent again.
 */
@Injectable()
export class IdentifierChanges {
  constructor(
    private readonly parts: CoreParts,
    private readonly commands: CommandBus,
    private readonly standings: IdentifierStandings,
    private readonly notices: Notices,
    private readonly log: CoreLog,
  ) {}

  async change(kind: Kind, lines: readonly ChangeIdentifierLine[]): Promise<readonly LineOutcome<Changed>[]> {
    const outcomes = new Array<LineOutcome<Changed>>(lines.length);
    const changes = await this.#named(kind, lines, outcomes);
    const at = this.parts.clock.now();
    const executions = changes.map((change) => this.#execution(kind, change, at));
    this.standings.writing();
    try {
      const recorded = await this.commands.execute(new identifierCommands.Batch(executions));
      for (const [position, change] of changes.entries()) {
        const outcome = recorded[position];
        outcomes[change.index] = outcome?.status === 'fulfilled' ? this.#told(kind, change, outcome.value) : failed(outcome?.reason);
      }
    } finally {
      this.standings.written(executions.map(({ stream }) => stream));
    }
    await this.log.caughtUp();
    return outcomes;
  }

  /** Lines that name the identifier that stands, or the one that this very change replaced. */
  async #named(kind: Kind, lines: readonly ChangeIdentifierLine[], outcomes: LineOutcome<Changed>[]): Promise<Change[]> {
    const { cipher, names } = this.parts;
    const opened = lines.map(({ holder, identifier }) => cipher.open(holder, identifier));
    const genuine = lines.flatMap((line, index) => {
      const content = opened[index];
      if (content?.status === 'genuine') return [{ index, line, link: content.link, generation: content.generation }];
      outcomes[index] = failed(refuse('IDENTIFIER_NOT_VALID', 'this identifier was not issued to this holder'));
      return [];
    });
    const refs = await this.standings.read(genuine.map(({ line, link }) => ({ holder: line.holder, link })));
    return genuine.flatMap((named, at) => {
      const ref = refs[at] as IdentifierRef;
      const change: Change = { ...named, ref, person: names.identifier(named.line.holder, named.link) };
      const { standing } = ref;
      const stands = standing.status !== 'none' && (standing.generation === change.generation || standing.generation === wantedGeneration(kind, change));
      if (stands) return [change];
      const reason =
        standing.status === 'none'
          ? refuse('IDENTIFIER_NOT_VALID', 'this identifier was not issued to this holder')
          : refuse('IDENTIFIER_SUPERSEDED', 'another identifier was issued in its place');
      outcomes[named.index] = failed(reason);
      return [];
    });
  }

  #execution(kind: Kind, change: Change, at: string): Execution<IdentifierCommand> {
    const { line, link, person, ref } = change;
    const { holder, reason } = line;
    const context = { at, actor: OPERATOR, correlationId: person, causationId: person, keyId: holderKeyId(holder, person) };
    if (kind === 'revoke') return { stream: ref.stream, command: { type: 'RevokeIdentifier', data: { reason } }, context };
    const generation = wantedGeneration(kind, change);
    const epoch = this.parts.cipher.currentEpoch;
    const identifier = { value: this.parts.cipher.issue(holder, link, generation, epoch) };
    return { stream: ref.stream, command: { type: 'ReissueIdentifier', data: { epoch, generation, identifier, reason } }, context };
  }

  #told(kind: Kind, change: Change, { history, added }: Executed<IdentifierEvent>): LineOutcome<Changed> {
    const type = kind === 'revoke' ? 'IdentifierRevoked' : 'IdentifierReissued';
    const generation = wantedGeneration(kind, change);
    const recorded = history.find(({ event }) => event.type === type && 'generation' in event.data && event.data.generation === generation);
    if (recorded === undefined) return failed(new DomainError('IDENTIFIER_CORRUPT', 'internal', 'the change is not in the record'));
    const { holder, identifier: previous } = change.line;
    const event = eventOf(recorded);
    const line: IdentifierChangeLine = {
      holder,
      previous,
      ...(event.type === 'IdentifierReissued' ? { identifier: this.parts.cipher.issue(holder, change.link, generation, event.data.epoch) } : {}),
      changedAt: recorded.event.at,
    };
    this.notices.identifierChanged(line);
    return succeeded({ changed: added > 0 });
  }
}
