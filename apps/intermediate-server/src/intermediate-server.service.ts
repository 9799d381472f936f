import { Injectable } from '@nestjs/common';
import {
  type DeliveredProvisionLine,
  type DemandLine,
  type IdentifierChangeLine,
  IntermediateServerPort,
  type TellRecordLine,
  type WithdrawalNoticeLine,
} from '#libs/protocol';
import { Demands } from './provision/demands.js';
import { HeldProvisions } from './provision/held-provisions.js';
import { Reactors } from './reactors/reactors.js';
import { ToldRecords } from './record/told-records.js';
import { ProvisionReceipt } from './result/provision-receipt.js';
import { ServerParts } from './server-parts.js';
import { Identifiers } from './subject/identifiers.js';

/**
 * An intermediate server (中間サーバー) as its interface system sees it, over HTTP and in one process alike. Nothing is answered
 * before what it tells of is in the log: the proven hops wait in their own services, the others here.
 */
@Injectable()
export class IntermediateServerService extends IntermediateServerPort {
  constructor(
    private readonly demands: Demands,
    private readonly held: HeldProvisions,
    private readonly receipts: ProvisionReceipt,
    private readonly identifiers: Identifiers,
    private readonly records: ToldRecords,
    private readonly reactors: Reactors,
    private readonly parts: ServerParts,
  ) {
    super();
  }

  override answerDemands(caller: string, lines: readonly DemandLine[]) {
    return this.parts.serverLog.after(this.demands.answer(caller, lines));
  }
  override endWithdrawn(caller: string, lines: readonly WithdrawalNoticeLine[]) {
    return this.parts.serverLog.after(this.held.endWithdrawn(caller, lines));
  }
  override receiveProvisions(caller: string, lines: readonly DeliveredProvisionLine[]) {
    return this.receipts.receive(caller, lines);
  }
  override changeIdentifiers(caller: string, lines: readonly IdentifierChangeLine[]) {
    return this.parts.serverLog.after(this.identifiers.change(caller, lines));
  }
  override tellRecords(caller: string, lines: readonly TellRecordLine[]) {
    return this.records.tell(caller, lines);
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
