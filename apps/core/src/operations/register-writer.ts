import { Injectable } from '@nestjs/common';
import { CommandBus, type Command } from '@nestjs/cqrs';
import { agencyCommands, type Execution, matrixCommands, openingCommands, type Outcome, serverCommands, witnessCommands } from '#libs/commands';
import {
  type AgencyCommand,
  agencyDecider,
  type MatrixCommand,
  type OpeningCommand,
  type ServerCommand,
  serverDecider,
  type ConfigureWitness,
} from '#libs/domain';
import { DomainError, type Message, type RecordedEvent } from '#libs/kernel';
import { failed, type LineOutcome, succeeded } from '#libs/protocol';
import { CORE, CoreParts, OPERATOR, SYSTEM } from '../core-parts.js';
import { CoreLog } from '../log/core-log.js';
import { loadRegister } from '../register/load-register.js';
import { agencyStream, matrixStream, openingStream, serverStream, witnessStream } from '../register/register.js';
import type { Changed } from './operation.lines.js';

/** Commands in one batch of the register. */
const COMMANDS_A_BATCH = 1_000;

export interface Addressed<C> {
  readonly stream: string;
  readonly command: C;
}
export const toAgency = (code: string, command: AgencyCommand): Addressed<AgencyCommand> => ({ stream: agencyStream(code), command });
export const toServer = (id: string, command: ServerCommand): Addressed<ServerCommand> => ({ stream: serverStream(id), command });

type History = readonly RecordedEvent[];

/**
 * The only writer of the register's streams. One operation at a time, so that the law in memory has the order of the law
 * in the store; what changes nothing by the register in memory is not even read again.
 */
@Injectable()
export class RegisterWriter {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly parts: CoreParts,
    private readonly commands: CommandBus,
    private readonly log: CoreLog,
  ) {}

  agencies(lines: readonly Addressed<AgencyCommand>[]): Promise<readonly LineOutcome<Changed>[]> {
    const { register } = this.parts;
    const isDone = ({ stream, command }: Addressed<AgencyCommand>): boolean => {
      const state = register.agency(stream.slice('agency-'.length))?.state;
      return state !== undefined && agencyDecider.decide(command, state).length === 0;
    };
    return this.#inTurn(
      lines,
      isDone,
      (executions) => new agencyCommands.Batch(executions),
      (history) => register.takeAgency(history),
    );
  }

  servers(lines: readonly Addressed<ServerCommand>[]): Promise<readonly LineOutcome<Changed>[]> {
    const { register } = this.parts;
    const isDone = ({ stream, command }: Addressed<ServerCommand>): boolean => {
      const state = register.server(stream.slice('server-'.length))?.state;
      return state !== undefined && serverDecider.decide(command, state).length === 0;
    };
    return this.#inTurn(
      lines,
      isDone,
      (executions) => new serverCommands.Batch(executions),
      (history) => register.takeServer(history),
    );
  }

  matrix(version: string, command: MatrixCommand): Promise<readonly LineOutcome<Changed>[]> {
    const line = { stream: matrixStream(version), command };
    return this.#inTurn(
      [line],
      () => false,
      (executions) => new matrixCommands.Batch(executions),
      (history) => this.parts.register.takeLaw(history),
    );
  }

  openings(commands: readonly OpeningCommand[]): Promise<readonly LineOutcome<Changed>[]> {
    const lines = commands.map((command) => ({ stream: openingStream(command.data.class), command }));
    return this.#inTurn(
      lines,
      () => false,
      (executions) => new openingCommands.Batch(executions),
      (history) => this.parts.register.takeLaw(history),
    );
  }

  /** What an operator accepts, or a log itself brought along: then it is the system's own doing. */
  witnesses(commands: readonly ConfigureWitness[]): Promise<readonly LineOutcome<Changed>[]> {
    const lines = commands.map((command) => ({ stream: witnessStream(command.data.server), command }));
    return this.#inTurn(
      lines,
      () => false,
      (executions) => new witnessCommands.Batch(executions),
      (history) => this.parts.register.takeWitnessed(history),
      commands.every(({ data }) => data.byOperator) ? OPERATOR : SYSTEM,
    );
  }

  async #inTurn<C extends Message, E extends Message>(
    lines: readonly Addressed<C>[],
    isDone: (line: Addressed<C>) => boolean,
    batchOf: (executions: readonly Execution<C>[]) => Command<readonly Outcome<E>[]>,
    take: (history: History) => void,
    actor = OPERATOR,
  ): Promise<readonly LineOutcome<Changed>[]> {
    const turn = this.#last.then(async () => {
      const outcomes: LineOutcome<Changed>[] = [];
      for (const batch of cut(lines)) outcomes.push(...(await this.#write(batch, isDone, batchOf, take, actor)));
      return outcomes;
    });
    this.#last = turn.catch(() => undefined);
    return this.log.after(turn);
  }

  async #write<C extends Message, E extends Message>(
    lines: readonly Addressed<C>[],
    isDone: (line: Addressed<C>) => boolean,
    batchOf: (executions: readonly Execution<C>[]) => Command<readonly Outcome<E>[]>,
    take: (history: History) => void,
    actor: string,
  ): Promise<readonly LineOutcome<Changed>[]> {
    const at = this.parts.clock.now();
    const outcomes = new Array<LineOutcome<Changed>>(lines.length);
    const indexes: number[] = [];
    const executions: Execution<C>[] = [];
    for (const [index, { stream, command }] of lines.entries()) {
      const done = settled(() => isDone({ stream, command }));
      if (done !== false) outcomes[index] = done;
      else {
        indexes.push(index);
        executions.push({ stream, command, context: { at, actor, correlationId: stream, causationId: stream, keyId: CORE } });
      }
    }
    if (executions.length === 0) return outcomes;
    const recorded = await this.commands.execute(batchOf(executions));
    const unsure: string[] = [];
    for (const [position, index] of indexes.entries()) {
      const outcome = recorded[position];
      if (outcome?.status === 'fulfilled') {
        take(outcome.value.history.map(({ event }) => event as unknown as RecordedEvent));
        outcomes[index] = succeeded({ changed: outcome.value.added > 0 });
      } else {
        outcomes[index] = failed(outcome?.reason);
        if (isUnsure(outcome?.reason)) unsure.push((executions[position] as Execution<C>).stream);
      }
    }
    if (unsure.length > 0) await this.reload(unsure);
    return outcomes;
  }

  /** Folds streams as the store has them: after an append of which nobody knows whether it took place. */
  async reload(streams: readonly string[]): Promise<void> {
    await loadRegister(this.parts.register, this.parts.store, this.parts.events, streams);
  }
}

/** Batches in the order given, in each of which a stream stands once: what comes second must see what came first. */
function cut<C>(lines: readonly Addressed<C>[]): Addressed<C>[][] {
  const batches: Addressed<C>[][] = [];
  let streams = new Set<string>();
  for (const line of lines) {
    const batch = batches.at(-1);
    if (batch === undefined || batch.length >= COMMANDS_A_BATCH || streams.has(line.stream)) {
      batches.push([line]);
      streams = new Set([line.stream]);
    } else {
      batch.push(line);
      streams.add(line.stream);
    }
  }
  return batches;
}

/** True only of an append whose end is not known. */
const isUnsure = (reason: unknown): boolean => reason instanceof DomainError && reason.kind === 'unavailable';

function settled(isDone: () => boolean): LineOutcome<Changed> | false {
  try {
    return isDone() && succeeded({ changed: false });
  } catch (error) {
    return failed(error);
  }
}
