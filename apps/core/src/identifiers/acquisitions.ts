import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { acquisitionCommands, type Execution, type Stored } from '#libs/commands';
import { holderKeyId } from '#libs/cryptography';
import { type Acquisition, type AcquisitionCommand, acquisitionDecider, type AcquisitionEvent, type IdentifierEvent, issuanceAnswer } from '#libs/domain';
import { DomainError, fold, isSealed, plusMs, type Protected } from '#libs/kernel';
import {
  type AcquisitionAnswer,
  type AcquisitionLine,
  type CollectIdentifierAnswer,
  type CollectIdentifierLine,
  failed,
  type LineOutcome,
  notSpokenFor,
  succeeded,
} from '#libs/protocol';
import { CoreParts, SYSTEM } from '../core-parts.js';
import { eventOf } from '../exchanges/exchange-stream.js';

export const acquisitionStream = (name: string): string => `acquisition-${name}`;
export const foldAcquisition = (history: readonly Stored<AcquisitionEvent>[]): Acquisition => fold(acquisitionDecider, history.map(eventOf));

/** Numbers that one reference may have used up: the first that is still good is the answer. */
const NUMBERS_A_REFERENCE_MAX = 64;

interface Wanted {
  readonly index: number;
  readonly line: AcquisitionLine;
}

/** Acquisition numbers (取得番号): issued to code holders, and what came of them collected by these. */
@Injectable()
export class Acquisitions {
  constructor(
    private readonly parts: CoreParts,
    private readonly commands: CommandBus,
  ) {}

  /**
   * A number is an HMAC of holder, reference and how often the reference was asked before: nobody without the core's secret
   * can foresee it, and a request that is repeated finds the number it was given while that is good.
   */
  async issue(caller: string, lines: readonly AcquisitionLine[]): Promise<readonly LineOutcome<AcquisitionAnswer>[]> {
    const outcomes = new Array<LineOutcome<AcquisitionAnswer>>(lines.length);
    const now = this.parts.clock.now();
    let pending: Wanted[] = [];
    for (const [index, line] of lines.entries()) {
      if (this.parts.register.interfaceSystemOf(line.holder) === caller) pending.push({ index, line });
      else outcomes[index] = failed(notSpokenFor('holder'));
    }
    for (let turn = 0; pending.length > 0; turn += 1) {
      if (turn >= NUMBERS_A_REFERENCE_MAX) {
        const spent = new DomainError('REFERENCE_SPENT', 'unprocessable', 'this reference has used up its acquisition numbers', { field: 'reference' });
        for (const { index } of pending) outcomes[index] = failed(spent);
        break;
      }
      pending = await this.#issueTurn(pending, turn, now, outcomes);
    }
    return outcomes;
  }

  /** Tries each reference's number of this turn; returns those whose number has run out. */
  async #issueTurn(pending: readonly Wanted[], turn: number, now: string, outcomes: LineOutcome<AcquisitionAnswer>[]): Promise<Wanted[]> {
    const { names, settings } = this.parts;
    const numbers = pending.map(({ line }) => names.streamId(`acquisition-number/${line.holder}/${line.reference}/${turn}`));
    const executions = pending.map(({ line }, at): Execution<AcquisitionCommand> => {
      const { holder, reference } = line;
      const acquisitionNumber = numbers[at] as string;
      const name = names.acquisition(acquisitionNumber);
      return {
        stream: acquisitionStream(name),
        command: {
          type: 'IssueAcquisitionNumber',
          data: { holder, reference, acquisitionNumber: { value: acquisitionNumber }, expiresAt: plusMs(now, settings.acquisitionValidityMs), now },
        },
        context: { at: now, actor: SYSTEM, correlationId: name, causationId: name, keyId: holderKeyId(holder, name) },
      };
    });
    const recorded = await this.commands.execute(new acquisitionCommands.Batch(executions));
    return pending.filter(({ index }, at) => {
      const outcome = recorded[at];
      if (outcome?.status !== 'fulfilled') {
        outcomes[index] = failed(outcome?.reason);
        return false;
      }
      const state = foldAcquisition(outcome.value.history);
      if (state.status === 'none' || state.expiresAt <= now) return true;
      outcomes[index] = succeeded({ acquisitionNumber: numbers[at] as string, expiresAt: state.expiresAt });
      return false;
    });
  }

  /** What came of numbers: the same answer whenever it is asked. A number of another holder's is as unknown as none. */
  async collect(caller: string, lines: readonly CollectIdentifierLine[]): Promise<readonly LineOutcome<CollectIdentifierAnswer>[]> {
    const { names, recorder, register } = this.parts;
    const histories = await recorder.load<AcquisitionEvent>(lines.map(({ acquisitionNumber }) => acquisitionStream(names.acquisition(acquisitionNumber))));
    const states = histories.map(foldAcquisition);
    const used = states.flatMap((state) => (state.status === 'used' ? [state.identifierStream] : []));
    const issued = await recorder.load<IdentifierEvent>(used);
    let next = 0;
    const issuances = states.map((state) => (state.status === 'used' ? issued[next++] : undefined));
    const now = this.parts.clock.now();
    return lines.map((line, index) => {
      if (register.interfaceSystemOf(line.holder) !== caller) return failed(notSpokenFor('holder'));
      const state = states[index];
      if (state === undefined || state.status === 'none' || state.holder !== line.holder) {
        return failed(new DomainError('ACQUISITION_NUMBER_UNKNOWN', 'not-found', 'no such acquisition number was issued', { field: 'acquisitionNumber' }));
      }
      try {
        return succeeded(this.#collected(line.acquisitionNumber, state, issuances[index], now));
      } catch (error) {
        return failed(error);
      }
    });
  }

  #collected(
    acquisitionNumber: string,
    state: Exclude<Acquisition, { status: 'none' }>,
    history: readonly Stored<IdentifierEvent>[] | undefined,
    now: string,
  ): CollectIdentifierAnswer {
    if (state.status === 'open') {
      const [refusal] = state.refused.values();
      if (now < state.expiresAt) return { acquisitionNumber, status: 'pending' };
      return { acquisitionNumber, status: 'expired', ...(refusal === undefined ? {} : { reason: refusal }) };
    }
    const events = (history ?? []).map(eventOf);
    const answer = issuanceAnswer(events, this.parts.names.acquisition(acquisitionNumber));
    if (answer === undefined) return { acquisitionNumber, status: 'pending' };
    if (answer.type === 'IdentifierIssuanceRefused') return { acquisitionNumber, status: 'refused', reason: answer.data.reason };
    const status = answer.type === 'IdentifierIssued' ? 'issued' : 'already-held';
    return { acquisitionNumber, status, identifier: this.#opened(answer.data.identifier) };
  }

  #opened(field: Protected): string {
    if (!isSealed(field)) throw new DomainError('IDENTIFIER_CORRUPT', 'internal', 'a stored field is not sealed');
    return this.parts.fields.disclose(field).value;
  }
}
