import { Injectable } from '@nestjs/common';
import { DomainError, invalid } from '#libs/kernel';
import { notSpokenFor } from '#libs/protocol';
import { type DisclosedExchange, type ExchangeCount, type ExchangeRecord, type Page, personKey, ReadModels } from '#libs/read-models';
import { CoreParts } from '../core-parts.js';
import { IdentifierStandings, isInForce } from '../identifiers/identifier-standings.js';
import type { DisclosureRequest, RecordSearchRequest, StatisticsRequest } from './record.lines.js';

/** The core's record (art. 23(3)) as it may be looked at: by the person through the portal, by operators and auditors. */
@Injectable()
export class CoreRecords {
  constructor(
    private readonly parts: CoreParts,
    private readonly models: ReadModels,
    private readonly standings: IdentifierStandings,
  ) {}

  /**
   * A person's exchanges, newest first; sealed ones are left out without a trace. Caller: the disclosure portal's server,
   * by the identifier that was issued to the portal (開示システム用符号). Shows everything recorded before the question.
   */
  async disclose(caller: string, { holder, identifier, limit, cursor }: DisclosureRequest): Promise<Page<DisclosedExchange>> {
    const { register, cipher, names, clock, store } = this.parts;
    const portal = register.agency(holder)?.state;
    const isPortal = register.server(caller)?.state.registration.kind === 'disclosure-portal' && portal?.class === 'disclosure-portal';
    if (!isPortal || (portal.interfaceSystem !== caller && portal.intermediateServer !== caller)) throw notSpokenFor('holder');
    const opened = cipher.open(holder, identifier);
    const [ref] = opened.status === 'genuine' ? await this.standings.read([{ holder, link: opened.link }]) : [];
    if (opened.status !== 'genuine' || ref === undefined || !isInForce(ref.standing, opened)) {
      throw new DomainError('IDENTIFIER_NOT_VALID', 'unprocessable', 'this identifier was not issued to this holder, or does not stand any more', {
        field: 'identifier',
      });
    }
    const question = { person: personKey(names, opened.link), now: clock.now(), limit, cursor };
    return this.models.ask('disclosure', question, { atLeast: await store.lastPosition() });
  }

  search(request: RecordSearchRequest): Promise<Page<ExchangeRecord>> {
    const { from, to } = request;
    if (from !== undefined && to !== undefined && from >= to) throw invalid('to', 'after from', 'the period is reversed or empty', 'PERIOD_REVERSED');
    return this.models.ask('exchanges', request);
  }

  statistics(request: StatisticsRequest): Promise<Page<ExchangeCount>> {
    const { from, to } = request;
    if (from !== undefined && to !== undefined && from > to) throw invalid('to', 'not before from', 'the period is reversed', 'PERIOD_REVERSED');
    return this.models.ask('statistics', request);
  }
}
