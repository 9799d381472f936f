import { assertNever, type ClearField, type Decider, DomainError, type Message } from '#libs/kernel';
import type { ResidentEvent } from './numbering.events.js';
import { parseIndividualNumber, parseResidentRecordCode } from './numbers.js';

/** Acquisitions of one resident: about one a code holder that has anything to do with the person. */
export const FORWARDED_ACQUISITIONS_MAX = 10_000;

interface NewNumber {
  readonly individualNumber: ClearField;
  /** The number's stream, in which it was reserved for this resident before. */
  readonly numberStream: string;
  readonly requestedBy: string;
}

export type ResidentCommand =
  | Message<'AssignNumber', NewNumber & { readonly residentRecordCode: ClearField }>
  /** `ordinal` is that of the number to be made: `nextOrdinal(resident)`. */
  | Message<'ChangeNumber', NewNumber & { readonly ordinal: number; readonly reason: 'AT_REQUEST' | 'BY_AUTHORITY' }>
  | Message<
      'ForwardAcquisition',
      {
        readonly acquisitionNumber: ClearField;
        /** HMAC of the acquisition number. */
        readonly acquisition: string;
        readonly requestedBy: string;
        /** Stream of the individual number that the agency sent. */
        readonly numberStream: string;
      }
    >;

export type Resident =
  | { readonly status: 'none' }
  | { readonly status: 'numbered'; readonly numberStream: string; readonly ordinal: number; readonly forwarded: ReadonlyMap<string, string> };
type Numbered = Extract<Resident, { status: 'numbered' }>;

const NOT_NUMBERED = (): DomainError => new DomainError('RESIDENT_NOT_NUMBERED', 'not-found', 'no individual number was assigned to this resident');

/** Ordinal of the next number of a resident who has one. */
export const nextOrdinal = (resident: Numbered): number => resident.ordinal + 1;

/** True when the number of this stream is the resident's present one. */
export const holdsNumber = (resident: Resident, numberStream: string): boolean => resident.status === 'numbered' && resident.numberStream === numberStream;

function change(data: Extract<ResidentCommand, { type: 'ChangeNumber' }>['data'], resident: Numbered): readonly ResidentEvent[] {
  const { individualNumber, numberStream, requestedBy, ordinal, reason } = data;
  if (ordinal === resident.ordinal) return []; // asked again: the number that was made then stands
  if (ordinal !== nextOrdinal(resident)) throw new DomainError('NUMBER_ORDINAL_STALE', 'conflict', 'the number was changed meanwhile: read it again');
  if (numberStream === resident.numberStream) throw new DomainError('NUMBER_UNCHANGED', 'unprocessable', 'the new number is the old one: draw another');
  parseIndividualNumber(individualNumber.value);
  return [{ type: 'IndividualNumberChanged', data: { individualNumber, numberStream, ordinal, reason, requestedBy } }];
}

function forward(data: Extract<ResidentCommand, { type: 'ForwardAcquisition' }>['data'], resident: Numbered): readonly ResidentEvent[] {
  const { acquisition, acquisitionNumber, requestedBy, numberStream } = data;
  if (numberStream !== resident.numberStream) {
    throw new DomainError('INDIVIDUAL_NUMBER_SUPERSEDED', 'unprocessable', 'this individual number was changed and is no longer in force', {
      field: 'individualNumber',
    });
  }
  const before = resident.forwarded.get(acquisition);
  if (before === requestedBy) return [];
  if (before !== undefined) {
    throw new DomainError('ACQUISITION_NUMBER_FOREIGN', 'forbidden', 'this acquisition number was used by another agency', { field: 'acquisitionNumber' });
  }
  if (resident.forwarded.size >= FORWARDED_ACQUISITIONS_MAX) {
    throw new DomainError('TOO_MANY_ACQUISITIONS', 'unprocessable', `at most ${FORWARDED_ACQUISITIONS_MAX} acquisitions are forwarded for one resident`);
  }
  return [{ type: 'AcquisitionForwarded', data: { acquisitionNumber, acquisition, requestedBy } }];
}

function decide(command: ResidentCommand, resident: Resident): readonly ResidentEvent[] {
  switch (command.type) {
    case 'AssignNumber': {
      if (resident.status === 'numbered') return []; // asked again: the number that was assigned stands
      const { residentRecordCode, individualNumber, numberStream, requestedBy } = command.data;
      parseResidentRecordCode(residentRecordCode.value);
      parseIndividualNumber(individualNumber.value);
      return [{ type: 'IndividualNumberAssigned', data: { residentRecordCode, individualNumber, numberStream, requestedBy } }];
    }
    case 'ChangeNumber':
      if (resident.status === 'none') throw NOT_NUMBERED();
      return change(command.data, resident);
    case 'ForwardAcquisition':
      if (resident.status === 'none') throw NOT_NUMBERED();
      return forward(command.data, resident);
    default:
      return assertNever(command);
  }
}

function evolve(resident: Resident, event: ResidentEvent): Resident {
  if (event.type === 'IndividualNumberAssigned') return { status: 'numbered', numberStream: event.data.numberStream, ordinal: 1, forwarded: new Map() };
  if (resident.status === 'none') return resident;
  switch (event.type) {
    case 'IndividualNumberChanged':
      return { ...resident, numberStream: event.data.numberStream, ordinal: event.data.ordinal };
    case 'AcquisitionForwarded':
      return { ...resident, forwarded: new Map(resident.forwarded).set(event.data.acquisition, event.data.requestedBy) };
    default:
      return assertNever(event);
  }
}

/** One resident at the registry (J-LIS), stream `resident-<HMAC of the resident record code>`. */
export const residentDecider: Decider<Resident, ResidentCommand, ResidentEvent> = { decide, evolve, initialState: { status: 'none' } };
