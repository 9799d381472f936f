import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  accessDecider,
  acquisitionDecider,
  agencyDecider,
  exchangeDecider,
  holdersDecider,
  identifierDecider,
  logDecider,
  matrixDecider,
  numberDecider,
  openingDecider,
  provisionDecider,
  queryDecider,
  replicaDecider,
  residentDecider,
  serverDecider,
  subjectDecider,
  witnessDecider,
} from '#libs/domain';
import type { Decider, Message } from '#libs/kernel';
import { type Execution, type Outcome, Recorder } from './recorder.js';

/**
 * The bus command and the handler of one decider. Nest dispatches by class, so each decider has one class, which carries
 * a batch of its commands; a new command adds no class. The handler is thin by intent: the rules are the decider's, the
 * record is the Recorder's.
 */
function batchesOf<State, C extends Message, E extends Message>(decider: Decider<State, C, E>) {
  class Batch extends Command<readonly Outcome<E>[]> {
    constructor(readonly executions: readonly Execution<C>[]) {
      super();
    }
  }

  @CommandHandler(Batch)
  class Handler implements ICommandHandler<Batch> {
    constructor(private readonly recorder: Recorder) {}

    execute({ executions }: Batch): Promise<readonly Outcome<E>[]> {
      return this.recorder.execute(decider, executions);
    }
  }
  return { Batch, Handler };
}

export const agencyCommands = batchesOf(agencyDecider);
export const serverCommands = batchesOf(serverDecider);
export const matrixCommands = batchesOf(matrixDecider);
export const openingCommands = batchesOf(openingDecider);
export const acquisitionCommands = batchesOf(acquisitionDecider);
export const identifierCommands = batchesOf(identifierDecider);
export const exchangeCommands = batchesOf(exchangeDecider);
export const holdersCommands = batchesOf(holdersDecider);
export const queryCommands = batchesOf(queryDecider);
export const provisionCommands = batchesOf(provisionDecider);
export const replicaCommands = batchesOf(replicaDecider);
export const numberCommands = batchesOf(numberDecider);
export const residentCommands = batchesOf(residentDecider);
export const subjectCommands = batchesOf(subjectDecider);
export const logCommands = batchesOf(logDecider);
export const witnessCommands = batchesOf(witnessDecider);
export const accessCommands = batchesOf(accessDecider);
