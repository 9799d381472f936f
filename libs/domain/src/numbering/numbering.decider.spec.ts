import { describe, expect, it } from '@jest/globals';
import { clear, fold, scenario } from '#libs/kernel';
import { numberDecider } from './number.decider.js';
import type { NumberEvent, ResidentEvent } from './numbering.events.js';
import { individualNumberOf } from './numbers.js';
import { FORWARDED_ACQUISITIONS_MAX, holdsNumber, type ResidentCommand, residentDecider } from './resident.decider.js';

const city = '0220113112101700';
const holder = '0220101100001700';

describe('reserving a number', () => {
  const { given } = scenario(numberDecider);
  const reserved: NumberEvent = { type: 'NumberReserved', data: { residentStream: 'resident-a' } };

  it('gives it to the first resident', () =>
    given()
      .when({ type: 'ReserveNumber', data: { residentStream: 'resident-a' } })
      .then(reserved));
  it('changes nothing when the same resident asks again', () =>
    given(reserved)
      .when({ type: 'ReserveNumber', data: { residentStream: 'resident-a' } })
      .then());
  it('refuses it to another resident', () =>
    given(reserved)
      .when({ type: 'ReserveNumber', data: { residentStream: 'resident-b' } })
      .thenRejects('NUMBER_TAKEN'));
});

describe('a resident', () => {
  const { given } = scenario(residentDecider);
  const individualNumber = clear(individualNumberOf('12345678901'));
  const residentRecordCode = clear('98765432109');
  const assign: ResidentCommand = {
    type: 'AssignNumber',
    data: { residentRecordCode, individualNumber, numberStream: 'number-1', requestedBy: city },
  };
  const assigned: ResidentEvent = { type: 'IndividualNumberAssigned', data: assign.data };
  const renewed = clear(individualNumberOf('22345678901'));
  const change = (over: Partial<Extract<ResidentCommand, { type: 'ChangeNumber' }>['data']> = {}): ResidentCommand => ({
    type: 'ChangeNumber',
    data: { individualNumber: renewed, numberStream: 'number-2', requestedBy: city, ordinal: 2, reason: 'AT_REQUEST', ...over },
  });
  const changed: ResidentEvent = {
    type: 'IndividualNumberChanged',
    data: { individualNumber: renewed, numberStream: 'number-2', requestedBy: city, ordinal: 2, reason: 'AT_REQUEST' },
  };
  const forward = (over: { numberStream?: string; requestedBy?: string; acquisition?: string } = {}): ResidentCommand => ({
    type: 'ForwardAcquisition',
    data: { acquisitionNumber: clear('acq'), acquisition: 'q1', requestedBy: holder, numberStream: 'number-1', ...over },
  });
  const forwarded: ResidentEvent = { type: 'AcquisitionForwarded', data: { acquisitionNumber: clear('acq'), acquisition: 'q1', requestedBy: holder } };

  it('is assigned a number', () => given().when(assign).then(assigned));
  it('keeps it when it is asked for again, whatever number was drawn', () =>
    given(assigned)
      .when({ ...assign, data: { ...assign.data, individualNumber: renewed, numberStream: 'number-2' } } as ResidentCommand)
      .then());
  it('is not assigned a number whose check digit is wrong', () =>
    given()
      .when({ ...assign, data: { ...assign.data, individualNumber: clear('123456789010') } } as ResidentCommand)
      .thenRejects('CHECK_DIGIT_WRONG'));
  it('has a resident record code of eleven digits', () =>
    given()
      .when({ ...assign, data: { ...assign.data, residentRecordCode: clear('1') } } as ResidentCommand)
      .thenRejects('INVALID_INPUT'));

  it('gets another number where the first may be misused', () => given(assigned).when(change()).then(changed));
  it('gets it once, when the change is asked for again', () =>
    given(assigned, changed)
      .when(change({ numberStream: 'number-3' }))
      .then());
  it('does not get one on the strength of a state that has passed', () =>
    given(assigned, changed)
      .when(change({ ordinal: 4 }))
      .thenRejects('NUMBER_ORDINAL_STALE'));
  it('does not get the number it has', () =>
    given(assigned)
      .when(change({ numberStream: 'number-1' }))
      .thenRejects('NUMBER_UNCHANGED'));
  it('does not get one with a wrong check digit', () =>
    given(assigned)
      .when(change({ individualNumber: clear('123456789010') }))
      .thenRejects('CHECK_DIGIT_WRONG'));
  it('without a number has none to change', () => given().when(change()).thenRejects('RESIDENT_NOT_NUMBERED'));

  it('is forwarded to the core with the acquisition number', () => given(assigned).when(forward()).then(forwarded));
  it('is forwarded once a number, so a repeat records nothing', () => given(assigned, forwarded).when(forward()).then());
  it('is forwarded for another acquisition beside the first', () =>
    given(assigned, forwarded)
      .when(forward({ acquisition: 'q2' }))
      .then({ type: 'AcquisitionForwarded', data: { ...forwarded.data, acquisition: 'q2' } }));
  it('is not forwarded for an acquisition number that another agency used', () =>
    given(assigned, forwarded)
      .when(forward({ requestedBy: city }))
      .thenRejects('ACQUISITION_NUMBER_FOREIGN'));
  it('is not forwarded by a number that was changed, and is by the new one', () => {
    given(assigned, changed).when(forward()).thenRejects('INDIVIDUAL_NUMBER_SUPERSEDED');
    given(assigned, changed)
      .when(forward({ numberStream: 'number-2' }))
      .then(forwarded);
  });
  it('is not forwarded before it has a number', () => given().when(forward()).thenRejects('RESIDENT_NOT_NUMBERED'));

  it('is known by the stream of its present number', () => {
    expect(holdsNumber(fold(residentDecider, [assigned]), 'number-1')).toBe(true);
    expect(holdsNumber(fold(residentDecider, [assigned, changed]), 'number-1')).toBe(false);
    expect(holdsNumber(residentDecider.initialState, 'number-1')).toBe(false);
  });

  it('has a limit of acquisitions', () => {
    const full = {
      status: 'numbered',
      numberStream: 'number-1',
      ordinal: 1,
      forwarded: new Map(Array.from({ length: FORWARDED_ACQUISITIONS_MAX }, (_, n) => [`x${n}`, holder])),
    } as const;
    expect(() => residentDecider.decide(forward(), full)).toThrow(expect.objectContaining({ code: 'TOO_MANY_ACQUISITIONS' }));
  });
});
