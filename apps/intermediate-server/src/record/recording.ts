import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Execution, type Outcome, provisionCommands, queryCommands, replicaCommands, subjectCommands } from '#libs/commands';
import type { ProvisionCommand, ProvisionEvent, QueryCommand, QueryEvent, ReplicaCommand, ReplicaEvent, SubjectCommand, SubjectEvent } from '#libs/domain';
import type { Message } from '#libs/kernel';
import { correlationId } from '#libs/platform';
import { ServerParts } from '../server-parts.js';
import { inOrder } from './in-order.js';

/** Sends batches of commands to their deciders; resolves when what was decided is durable. */
@Injectable()
export class Recording {
  constructor(
    private readonly commands: CommandBus,
    private readonly parts: ServerParts,
  ) {}

  queries(executions: readonly Execution<QueryCommand>[]): Promise<readonly Outcome<QueryEvent>[]> {
    return this.#record(executions, (wave) => this.commands.execute(new queryCommands.Batch(wave)));
  }
  provisions(executions: readonly Execution<ProvisionCommand>[]): Promise<readonly Outcome<ProvisionEvent>[]> {
    return this.#record(executions, (wave) => this.commands.execute(new provisionCommands.Batch(wave)));
  }
  replicas(executions: readonly Execution<ReplicaCommand>[]): Promise<readonly Outcome<ReplicaEvent>[]> {
    return this.#record(executions, (wave) => this.commands.execute(new replicaCommands.Batch(wave)));
  }
  subjects(executions: readonly Execution<SubjectCommand>[]): Promise<readonly Outcome<SubjectEvent>[]> {
    return this.#record(executions, (wave) => this.commands.execute(new subjectCommands.Batch(wave)));
  }

  async #record<C, E extends Message>(
    executions: readonly Execution<C>[],
    run: (wave: readonly Execution<C>[]) => Promise<readonly Outcome<E>[]>,
  ): Promise<readonly Outcome<E>[]> {
    if (executions.length === 0) return [];
    const outcomes = await inOrder(executions, run);
    this.parts.models.poke();
    return outcomes;
  }
}

/** What caused an event: the request in hand, or where there is none the exchange itself. */
export const causeOr = (otherwise: string): string => correlationId() ?? otherwise;
