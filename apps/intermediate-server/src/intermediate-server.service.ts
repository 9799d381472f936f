import { Injectable } from '@nestjs/common';
import { DomainError } from '#libs/kernel';
import {
  type DeliveredProvisionLine,
  type DemandLine,
  failed,
  type IdentifierChangeLine,
  IntermediateServerPort,
  type Proven,
  type RecordTold,
  type TellRecordLine,
  type WithdrawalNoticeLine,
} from '#libs/protocol';
import { Demands } from './provision/demands.js';
import { HeldProvisions } from './provision/held-provisions.js';
import { Reactors } from './reactors/reactors.js';
import { ProvisionReceipt } from './result/provision-receipt.js';
import { Identifiers } from './subject/identifiers.js';

const NO_LEDGER = new DomainError('LEDGER_UNAVAILABLE', 'unavailable', 'the ledger is not open');

/** An intermediate server (中間サーバー) as its interface system sees it, over HTTP and in one process alike. */
@Injectable()
export class IntermediateServerService extends IntermediateServerPort {
  constructor(
    private readonly demands: Demands,
    private readonly held: HeldProvisions,
    private readonly receipts: ProvisionReceipt,
    private readonly identifiers: Identifiers,
    private readonly reactors: Reactors,
  ) {
    super();
  }

  override answerDemands(caller: string, lines: readonly DemandLine[]) {
    return this.demands.answer(caller, lines);
  }
  override endWithdrawn(caller: string, lines: readonly WithdrawalNoticeLine[]) {
    return this.held.endWithdrawn(caller, lines);
  }
  override async receiveProvisions(caller: string, lines: readonly DeliveredProvisionLine[]) {
    return { outcomes: await this.receipts.receive(caller, lines) };
  }
  override changeIdentifiers(caller: string, lines: readonly IdentifierChangeLine[]) {
    return this.identifiers.change(caller, lines);
  }

  override tellRecords(_caller: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold>> {
    return Promise.resolve({ outcomes: lines.map(() => failed(NO_LEDGER)) });
  }

  /** Does at once all that is due on the business clock. */
  tick(): Promise<void> {
    return this.reactors.tick();
  }
  /** Resolves when nothing is under way to the network. */
  idle(): Promise<void> {
    return this.reactors.idle();
  }
}
