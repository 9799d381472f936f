import { Injectable } from '@nestjs/common';
import type { Stored } from '#libs/commands';
import type { ExchangeEvent } from '#libs/domain';
import { type ExchangeStatusAnswer, type ExchangeStatusLine, failed, type LineOutcome, notSpokenFor, succeeded } from '#libs/protocol';
import { CoreParts } from '../core-parts.js';
import { Notifier } from '../notifier/notifier.js';
import { eventOf, exchangeStream } from './exchange-stream.js';

type History = readonly Stored<ExchangeEvent>[];

/** Where exchanges stand, told to their requesters only: to anybody else one is as unknown as none. */
@Injectable()
export class ExchangeStatuses {
  constructor(
    private readonly parts: CoreParts,
    private readonly notifier: Notifier,
  ) {}

  async statuses(caller: string, lines: readonly ExchangeStatusLine[]): Promise<readonly LineOutcome<ExchangeStatusAnswer>[]> {
    const histories = await this.parts.recorder.load<ExchangeEvent>(lines.map(({ exchangeId }) => exchangeStream(exchangeId)));
    return lines.map(({ exchangeId, requester }, index) => {
      if (this.parts.register.interfaceSystemOf(requester) !== caller) return failed(notSpokenFor('requester'));
      return succeeded(this.#statusOf(exchangeId, requester, histories[index] ?? []));
    });
  }

  #statusOf(exchangeId: string, requester: string, history: History): ExchangeStatusAnswer {
    const decision = history[0];
    const event = decision && eventOf(decision);
    if (decision === undefined || (event?.type !== 'QueryPermitted' && event?.type !== 'QueryDenied') || event.data.requester !== requester) {
      return { exchangeId, status: 'unknown' };
    }
    if (event.type === 'QueryDenied') return { exchangeId, status: 'denied', reason: event.data.reason, coreLeaf: decision.leaf };
    const { validUntil } = event.data;
    const end = endOf(history);
    if (end !== undefined) return { exchangeId, validUntil, ...end };
    const held = history.some((stored) => stored.event.type === 'ProvisionHeldRecorded');
    return { exchangeId, status: held ? 'held' : 'notified', validUntil, ...this.notifier.progressOf(exchangeId) };
  }
}

const STATUS_OF: Partial<Record<ExchangeEvent['type'], ExchangeStatusAnswer['status']>> = {
  ReceiptRecorded: 'received',
  ProvisionRecorded: 'provided',
  NoProvisionRecorded: 'not-provided',
  QueryWithdrawalRecorded: 'withdrawn',
  QueryLapsed: 'lapsed',
  NotificationImpossible: 'impossible',
};
const WEIGHTIEST_FIRST = Object.keys(STATUS_OF) as ExchangeEvent['type'][];

type End = Pick<ExchangeStatusAnswer, 'status' | 'reason' | 'coreLeaf'>;

/** What ended it, the weightiest where there are several: a receipt, an answer (also one that came late), a withdrawal or a lapse. */
function endOf(history: History): End | undefined {
  const ends: Partial<Record<ExchangeEvent['type'], End>> = {};
  for (const stored of history) {
    const event = eventOf(stored);
    const status = STATUS_OF[event.type];
    if (status === undefined) continue;
    const reason = event.type === 'QueryLapsed' ? event.data.cause : 'reason' in event.data ? event.data.reason : undefined;
    ends[event.type] = { status, ...(reason === undefined ? {} : { reason }), coreLeaf: stored.leaf };
  }
  return WEIGHTIEST_FIRST.map((type) => ends[type]).find((end) => end !== undefined);
}
