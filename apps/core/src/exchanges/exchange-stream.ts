import type { Stored } from '#libs/commands';
import { type Exchange, exchangeDecider, type ExchangeEvent } from '#libs/domain';
import { fold, type Message } from '#libs/kernel';

export const exchangeStream = (exchangeId: string): string => `exchange-${exchangeId}`;

/** The event alone, as the union that its type tells apart. */
export const eventOf = <E extends Message>(stored: Stored<E>): E => stored.event as unknown as E;

export const foldExchange = (history: readonly Stored<ExchangeEvent>[]): Exchange => fold(exchangeDecider, history.map(eventOf));

/** Nothing more is to be demanded: received, withdrawn, lapsed, or no permit that notifies anybody. */
export function isOver(exchange: Exchange): boolean {
  return exchange.status !== 'notified' || exchange.received || exchange.over !== undefined;
}
