import { type Decider, DomainError, type Message } from '#libs/kernel';
import type { NumberEvent } from './numbering.events.js';

export type NumberCommand = Message<'ReserveNumber', { readonly residentStream: string }>;

export type ReservedNumber = { readonly status: 'free' } | { readonly status: 'reserved'; readonly residentStream: string };

function decide({ data }: NumberCommand, number: ReservedNumber): readonly NumberEvent[] {
  if (number.status === 'free') return [{ type: 'NumberReserved', data: { residentStream: data.residentStream } }];
  if (number.residentStream === data.residentStream) return [];
  throw new DomainError('NUMBER_TAKEN', 'conflict', 'this number belongs to someone: draw another');
}

/**
 * One individual number, stream `number-<HMAC>`: two residents never get the same. A number stays reserved for ever, also
 * one that was changed, or drawn by a registration that then failed.
 */
export const numberDecider: Decider<ReservedNumber, NumberCommand, NumberEvent> = {
  decide,
  evolve: (_, event) => ({ status: 'reserved', residentStream: event.data.residentStream }),
  initialState: { status: 'free' },
};
