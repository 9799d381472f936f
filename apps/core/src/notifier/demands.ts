import { Injectable } from '@nestjs/common';
import type { Stored } from '#libs/commands';
import type { ExchangeEvent } from '#libs/domain';
import { isSealed, type SealedField } from '#libs/kernel';
import type { DemandLine, LineOutcome, Place, SharedProof } from '#libs/protocol';
import { CORE, CoreParts } from '../core-parts.js';
import { eventOf, exchangeStream, foldExchange, isOver } from '../exchanges/exchange-stream.js';
import type { Writable } from '../writable.js';
import { CoreLog } from '../log/core-log.js';
import { InterfaceSystems } from './interface-systems.js';
import type { OpenExchange } from './open-exchange.js';

interface Demand {
  readonly exchange: OpenExchange;
  readonly decision: Stored<ExchangeEvent>;
  readonly line: Writable<DemandLine>;
}
const refused = (code: string): LineOutcome<true> => ({ ok: false, problem: { code, kind: 'unprocessable', detail: 'the demand cannot be sent' } });

/** Shows permits to the provider's side: the stored bytes, opened to the provider (design.md §2). */
@Injectable()
export class Demands {
  constructor(
    private readonly parts: CoreParts,
    private readonly interfaceSystems: InterfaceSystems,
    private readonly log: CoreLog,
  ) {}

  /**
   * Demands a batch of one interface system. `ended` are those of which the record says that they are over; all others
   * have an outcome. Rejects where nothing is known to have been taken.
   */
  async send(
    interfaceSystem: string,
    exchanges: readonly OpenExchange[],
  ): Promise<{ outcomes: Map<OpenExchange, LineOutcome<true>>; ended: readonly OpenExchange[] }> {
    const outcomes = new Map<OpenExchange, LineOutcome<true>>();
    const { decisions, ended } = await this.#decisions(exchanges);
    const sendable: Demand[] = [];
    const opened = this.parts.fields.openAll(decisions.map(({ subject }) => subject));
    for (const [index, { exchange, decision, requester }] of decisions.entries()) {
      const field = opened[index];
      const requesterInterfaceSystem = this.parts.register.interfaceSystemOf(requester);
      if (field === undefined || field.erased) outcomes.set(exchange, refused('RECORD_ERASED'));
      else if (requesterInterfaceSystem === undefined) outcomes.set(exchange, refused('REQUESTER_NOT_HOSTED'));
      else {
        const event = Buffer.from(decision.bytes.buffer, decision.bytes.byteOffset, decision.bytes.byteLength).toString('utf8');
        const disclosure = { salt: field.salt, value: field.value };
        sendable.push({ exchange, decision, line: { exchangeId: exchange.exchangeId, event, disclosure, requesterInterfaceSystem } });
      }
    }
    if (sendable.length > 0) {
      const port = this.interfaceSystems.of(interfaceSystem);
      const proof = await this.#prove(interfaceSystem, sendable);
      const answered = await port.deliverDemands(
        CORE,
        sendable.map(({ line }) => line),
        proof,
      );
      for (const [index, { exchange }] of sendable.entries()) outcomes.set(exchange, answered[index] ?? refused('UPSTREAM_MALFORMED'));
    }
    return { outcomes, ended };
  }

  /** No permit is shown that is not in the log: each line gets its place in the proof of the batch. */
  async #prove(interfaceSystem: string, demands: readonly Demand[]): Promise<SharedProof | undefined> {
    const proved = await this.log.proveTo(
      interfaceSystem,
      demands.map(({ decision }) => decision),
    );
    if (proved === undefined) return undefined;
    for (const [at, { line }] of demands.entries()) line.place = proved.places[at] as Place;
    return proved.proof;
  }

  /** Each exchange's permit: the one in memory, or what the store holds, which then also tells whether it is over. */
  async #decisions(exchanges: readonly OpenExchange[]): Promise<{
    decisions: { exchange: OpenExchange; decision: Stored<ExchangeEvent>; requester: string; subject: SealedField }[];
    ended: OpenExchange[];
  }> {
    const unknown = exchanges.filter(({ decision }) => decision === undefined);
    const loaded = await this.parts.recorder.load<ExchangeEvent>(unknown.map(({ exchangeId }) => exchangeStream(exchangeId)));
    const histories = new Map(unknown.map((exchange, index) => [exchange, loaded[index] ?? []]));
    const ended: OpenExchange[] = [];
    const decisions = exchanges.flatMap((exchange) => {
      const history = histories.get(exchange);
      const decision = exchange.decision ?? history?.[0];
      const event = decision && eventOf(decision);
      const over = history !== undefined && isOver(foldExchange(history));
      if (
        over ||
        decision === undefined ||
        event?.type !== 'QueryPermitted' ||
        event.data.providerSubject === undefined ||
        !isSealed(event.data.providerSubject)
      ) {
        ended.push(exchange);
        return [];
      }
      return [{ exchange, decision, requester: event.data.requester, subject: event.data.providerSubject }];
    });
    return { decisions, ended };
  }
}
