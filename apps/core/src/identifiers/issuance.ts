import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { acquisitionCommands, type Execution, identifierCommands } from '#libs/commands';
import { holderKeyId } from '#libs/cryptography';
import { acquisitionAnswer, type AcquisitionCommand, type AcquisitionEvent, FIRST_GENERATION, type IdentifierCommand, issuanceAnswer } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { failed, type IssueIdentifierAnswer, type IssueIdentifierLine, type LineOutcome, succeeded } from '#libs/protocol';
import { CoreParts, SYSTEM } from '../core-parts.js';
import { eventOf } from '../exchanges/exchange-stream.js';
import { acquisitionStream, foldAcquisition } from './acquisitions.js';
import { identifierStream, IdentifierStandings } from './identifier-standings.js';

/** A line whose acquisition number is known: holder and person are too. */
interface Issue {
  readonly index: number;
  readonly acquisitionNumber: string;
  /** HMAC of the number. */
  readonly acquisition: string;
  readonly holder: string;
  readonly link: Uint8Array;
  /** HMAC of holder and link. */
  readonly person: string;
}

const refusal = (reason: string): DomainError => new DomainError(reason, 'unprocessable', 'the identifier is not issued', { field: 'acquisitionNumber' });

/**
 * Issues identifiers (機関別符号) to the holders of acquisition numbers, for the persons that the registry names. Two
 * streams, two appends: the number is used first, so whoever dies in between goes on where it stood.
 */
@Injectable()
export class Issuance {
  constructor(
    private readonly parts: CoreParts,
    private readonly commands: CommandBus,
    private readonly standings: IdentifierStandings,
  ) {}

  /** Caller: the resident registry. The resident record code is turned into a link at once, and is kept nowhere. */
  async issue(caller: string, lines: readonly IssueIdentifierLine[]): Promise<readonly LineOutcome<IssueIdentifierAnswer>[]> {
    if (this.parts.register.server(caller)?.state.registration.kind !== 'resident-registry') {
      throw new DomainError('CALLER_FORBIDDEN', 'forbidden', 'only the resident registry names residents to the core');
    }
    const outcomes = new Array<LineOutcome<IssueIdentifierAnswer>>(lines.length);
    const issues = await this.#known(lines, outcomes);
    const proceeding = await this.#use(issues, outcomes);
    await this.#record(proceeding, outcomes);
    return outcomes;
  }

  async #known(lines: readonly IssueIdentifierLine[], outcomes: LineOutcome<IssueIdentifierAnswer>[]): Promise<Issue[]> {
    const { cipher, names, recorder } = this.parts;
    const acquisitions = lines.map(({ acquisitionNumber }) => names.acquisition(acquisitionNumber));
    const histories = await recorder.load<AcquisitionEvent>(acquisitions.map(acquisitionStream));
    return lines.flatMap(({ acquisitionNumber, residentRecordCode }, index) => {
      const state = foldAcquisition(histories[index] ?? []);
      if (state.status === 'none') {
        outcomes[index] = failed(
          new DomainError('ACQUISITION_NUMBER_UNKNOWN', 'not-found', 'no such acquisition number was issued', { field: 'acquisitionNumber' }),
        );
        return [];
      }
      const { holder } = state;
      const link = cipher.linkOf(residentRecordCode);
      return [{ index, acquisitionNumber, acquisition: acquisitions[index] as string, holder, link, person: names.identifier(holder, link) }];
    });
  }

  /** Uses each number for its person; those that may go on. */
  async #use(issues: readonly Issue[], outcomes: LineOutcome<IssueIdentifierAnswer>[]): Promise<Issue[]> {
    const now = this.parts.clock.now();
    const executions = issues.map(({ acquisition, person, holder }): Execution<AcquisitionCommand> => ({
      stream: acquisitionStream(acquisition),
      command: { type: 'UseAcquisitionNumber', data: { identifierStream: identifierStream(person), acquisition, now } },
      context: { at: now, actor: SYSTEM, correlationId: acquisition, causationId: acquisition, keyId: holderKeyId(holder, acquisition) },
    }));
    const recorded = await this.commands.execute(new acquisitionCommands.Batch(executions));
    return issues.filter(({ index, person }, at) => {
      const outcome = recorded[at];
      if (outcome?.status !== 'fulfilled') {
        outcomes[index] = failed(outcome?.reason);
        return false;
      }
      const answer = acquisitionAnswer(foldAcquisition(outcome.value.history), identifierStream(person));
      if (!answer.proceed) outcomes[index] = failed(refusal(answer.reason));
      return answer.proceed;
    });
  }

  async #record(issues: readonly Issue[], outcomes: LineOutcome<IssueIdentifierAnswer>[]): Promise<void> {
    const { cipher, clock } = this.parts;
    const at = clock.now();
    const epoch = cipher.currentEpoch;
    const executions = issues.map(({ acquisition, person, holder, link }): Execution<IdentifierCommand> => ({
      stream: identifierStream(person),
      command: {
        type: 'IssueIdentifier',
        data: {
          holder,
          epoch,
          identifier: { value: cipher.issue(holder, link, FIRST_GENERATION, epoch) },
          acquisition,
          identifierStream: identifierStream(person),
        },
      },
      context: { at, actor: SYSTEM, correlationId: acquisition, causationId: acquisition, keyId: holderKeyId(holder, person) },
    }));
    this.standings.writing();
    try {
      const recorded = await this.commands.execute(new identifierCommands.Batch(executions));
      for (const [position, { index, acquisitionNumber, acquisition }] of issues.entries()) {
        const outcome = recorded[position];
        if (outcome?.status !== 'fulfilled') {
          outcomes[index] = failed(outcome?.reason);
          continue;
        }
        const events = outcome.value.history.map(eventOf);
        const answer = issuanceAnswer(events, acquisition);
        outcomes[index] = answer?.type === 'IdentifierIssuanceRefused' ? failed(refusal(answer.data.reason)) : succeeded({ acquisitionNumber });
      }
    } finally {
      this.standings.written(executions.map(({ stream }) => stream));
    }
  }
}
