import { type EventOf, eventType, integer, oneOf, protectedText, text } from '#libs/kernel';

/** Registry, stream `number-<HMAC of the number>`, its only event: whoever appends it first has the number. */
export const NumberReserved = eventType('NumberReserved', {
  /** The resident's stream, `resident-<HMAC>`. */
  residentStream: text,
});

/** Registry, stream `resident-<HMAC of the resident record code>`: numbering (付番; Number Use Act art. 7(1), 8). */
export const IndividualNumberAssigned = eventType('IndividualNumberAssigned', {
  residentRecordCode: protectedText,
  individualNumber: protectedText,
  /** The number's stream, `number-<HMAC>`: tells whether a number shown is the one in force, without opening it. */
  numberStream: text,
  /** Who asked, as authenticated: the municipality that designates the number, or the server that speaks for it. */
  requestedBy: text,
});

/** A new number in place of one that may be misused (art. 7(2)). Identifiers do not change with it. */
export const IndividualNumberChanged = eventType('IndividualNumberChanged', {
  individualNumber: protectedText,
  numberStream: text,
  /** 2 for the first change. */
  ordinal: integer,
  reason: oneOf('AT_REQUEST', 'BY_AUTHORITY'),
  requestedBy: text,
});

/** The registry passed acquisition number and resident record code to the core; never the individual number (Cabinet Order art. 20). */
export const AcquisitionForwarded = eventType('AcquisitionForwarded', {
  acquisitionNumber: protectedText,
  /** HMAC of the acquisition number under the registry's secret: recognises a repeat. */
  acquisition: text,
  /** Who sent it, as authenticated: the code holder, or the server that speaks for it. */
  requestedBy: text,
});

export const numberEventTypes = [NumberReserved] as const;
export const residentEventTypes = [IndividualNumberAssigned, IndividualNumberChanged, AcquisitionForwarded] as const;
export const numberingEventTypes = [...numberEventTypes, ...residentEventTypes] as const;
export type NumberEvent = EventOf<(typeof numberEventTypes)[number]>;
export type ResidentEvent = EventOf<(typeof residentEventTypes)[number]>;
