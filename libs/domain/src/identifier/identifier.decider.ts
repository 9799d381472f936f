import { assertNever, type ClearField, type Decider, DomainError, type Message, type Protected } from '#libs/kernel';
import type { IdentifierEvent } from './identifier.events.js';

/** An identifier has one byte for its generation. */
export const IDENTIFIER_GENERATION_MAX = 255;
export const FIRST_GENERATION = 1;

export type IdentifierCommand =
  | Message<
      'IssueIdentifier',
      {
        readonly holder: string;
        /** Present key epoch, and the identifier of it and FIRST_GENERATION: taken only where none was issued before. */
        readonly epoch: number;
        readonly identifier: ClearField;
        readonly acquisition: string;
        readonly identifierStream: string;
      }
    >
  | Message<'RevokeIdentifier', { readonly reason: string }>
  /** `generation` is `nextGeneration(state)`, the identifier is of it and `epoch`. The same generation again changes nothing. */
  | Message<'ReissueIdentifier', { readonly epoch: number; readonly generation: number; readonly identifier: ClearField; readonly reason: string }>;

interface Issued {
  readonly holder: string;
  readonly epoch: number;
  readonly generation: number;
  /** As it stands in the event that issued it; sealed when it comes from the store. */
  readonly identifier: Protected;
  /** Acquisitions that were answered here. */
  readonly acquisitions: ReadonlySet<string>;
}
export type Identifier = { readonly status: 'none' } | ({ readonly status: 'held' | 'revoked' } & Issued);
type Known = Exclude<Identifier, { status: 'none' }>;

/** What an identifier that opened to this epoch and generation is worth. */
export type IdentifierStanding = 'valid' | 'never-issued' | 'superseded' | 'revoked';

function known(identifier: Identifier): Known {
  if (identifier.status === 'none') throw new DomainError('IDENTIFIER_NOT_ISSUED', 'not-found', 'no identifier was issued to this holder for this person');
  return identifier;
}

function issue(data: Extract<IdentifierCommand, { type: 'IssueIdentifier' }>['data'], state: Identifier): readonly IdentifierEvent[] {
  const { holder, epoch, identifier, acquisition, identifierStream } = data;
  if (state.status === 'none') return [{ type: 'IdentifierIssued', data: { holder, epoch, generation: FIRST_GENERATION, identifier, acquisition } }];
  if (state.holder !== holder) throw new DomainError('IDENTIFIER_OF_ANOTHER_HOLDER', 'internal', 'this stream is of another code holder');
  if (state.acquisitions.has(acquisition)) return []; // a repeat gets the answer that was recorded
  if (state.status === 'revoked') return [{ type: 'IdentifierIssuanceRefused', data: { reason: 'IDENTIFIER_REVOKED', identifierStream, acquisition } }];
  const { generation } = state;
  return [{ type: 'IdentifierAlreadyHeld', data: { holder, epoch: state.epoch, generation, identifier: state.identifier, acquisition } }];
}

function reissue(data: Extract<IdentifierCommand, { type: 'ReissueIdentifier' }>['data'], state: Known): readonly IdentifierEvent[] {
  const { epoch, generation, identifier, reason } = data;
  if (generation === state.generation && state.status === 'held') return [];
  if (generation !== state.generation + 1)
    throw new DomainError('IDENTIFIER_GENERATION_STALE', 'conflict', 'the identifier was reissued meanwhile: read it again');
  if (generation > IDENTIFIER_GENERATION_MAX) {
    throw new DomainError('IDENTIFIER_GENERATIONS_EXHAUSTED', 'unprocessable', `an identifier is reissued at most ${IDENTIFIER_GENERATION_MAX - 1} times`);
  }
  return [{ type: 'IdentifierReissued', data: { holder: state.holder, epoch, generation, identifier, reason } }];
}

function decide(command: IdentifierCommand, state: Identifier): readonly IdentifierEvent[] {
  switch (command.type) {
    case 'IssueIdentifier':
      return issue(command.data, state);
    case 'RevokeIdentifier': {
      const { status, holder, generation } = known(state);
      return status === 'revoked' ? [] : [{ type: 'IdentifierRevoked', data: { holder, generation, reason: command.data.reason } }];
    }
    case 'ReissueIdentifier':
      return reissue(command.data, known(state));
    default:
      return assertNever(command);
  }
}

function evolve(state: Identifier, event: IdentifierEvent): Identifier {
  if (event.type === 'IdentifierIssued') {
    const { holder, epoch, generation, identifier, acquisition } = event.data;
    return { status: 'held', holder, epoch, generation, identifier, acquisitions: new Set([acquisition]) };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'IdentifierAlreadyHeld':
    case 'IdentifierIssuanceRefused':
      return { ...state, acquisitions: new Set([...state.acquisitions, event.data.acquisition]) };
    case 'IdentifierRevoked':
      return { ...state, status: 'revoked' };
    case 'IdentifierReissued': {
      const { epoch, generation, identifier } = event.data;
      return { ...state, status: 'held', epoch, generation, identifier };
    }
    default:
      return assertNever(event);
  }
}

type IssuanceAnswer = Extract<IdentifierEvent, { type: 'IdentifierIssued' | 'IdentifierAlreadyHeld' | 'IdentifierIssuanceRefused' }>;

/** What the recorded stream answered to this acquisition: the same whenever it is asked. Undefined where it did not yet. */
export const issuanceAnswer = (history: readonly IdentifierEvent[], acquisition: string): IssuanceAnswer | undefined =>
  history.find((event): event is IssuanceAnswer => 'acquisition' in event.data && event.data.acquisition === acquisition);

/** Generation of the next reissue. Throws IDENTIFIER_NOT_ISSUED. */
export const nextGeneration = (state: Identifier): number => known(state).generation + 1;

export function identifierStanding(state: Identifier, { epoch, generation }: { readonly epoch: number; readonly generation: number }): IdentifierStanding {
  if (state.status === 'none' || generation > state.generation) return 'never-issued';
  if (generation < state.generation) return 'superseded';
  if (epoch !== state.epoch) return 'never-issued';
  return state.status === 'held' ? 'valid' : 'revoked';
}

/** True when an identifier of this epoch and generation is the one that was issued last, and was not revoked. */
export const isValid = (state: Identifier, content: { readonly epoch: number; readonly generation: number }): boolean =>
  identifierStanding(state, content) === 'valid';

/** One code holder's identifier of one person at the core, stream `identifier-<HMAC of holder and link>`. */
export const identifierDecider: Decider<Identifier, IdentifierCommand, IdentifierEvent> = { decide, evolve, initialState: { status: 'none' } };
