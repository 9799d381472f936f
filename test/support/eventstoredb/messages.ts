// The client's own generated messages, and the few small ones that every answer needs.
import { createRequire } from 'node:module';
import { status as grpcStatus, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import statuses from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Fault } from './faults.js';

// google-protobuf belongs to the client, which may have its own copy of it: messages of another copy would not do
const require = createRequire(import.meta.url);
const requireOfClient = createRequire(require.resolve('@eventstore/db-client/package.json'));
const { Any } = requireOfClient('google-protobuf/google/protobuf/any_pb.js') as { Any: new () => NonNullable<ReturnType<statuses.Status['getDetails']>> };
const { Empty: GoogleEmpty } = requireOfClient('google-protobuf/google/protobuf/empty_pb.js') as {
  Empty: new () => NonNullable<ReturnType<streams.BatchAppendResp.Success['getNoStream']>>;
};

export { shared, streams };
export type StatusMessage = statuses.Status;

export const empty = (): shared.Empty => new shared.Empty();
export const googleEmpty = (): InstanceType<typeof GoogleEmpty> => new GoogleEmpty();

export function streamIdentifier(name: string): shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(new Uint8Array(Buffer.from(name, 'utf8')));
  return identifier;
}

export const streamNameOf = (identifier: shared.StreamIdentifier | undefined): string =>
  identifier === undefined ? '' : Buffer.from(identifier.getStreamName_asU8()).toString('utf8');

export function uuid(text: string): shared.UUID {
  const id = new shared.UUID();
  id.setString(text);
  return id;
}

/** The same UUID as two numbers: the form in which a server names the correlation of an append that it gave up by itself. */
export function structuredUuid(text: string): shared.UUID {
  const hex = text.replaceAll('-', '');
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)).toString());
  structured.setLeastSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`)).toString());
  const id = new shared.UUID();
  id.setStructured(structured);
  return id;
}

const UUID_TEXT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The text of a UUID, undefined where it is none. */
export function uuidTextOf(id: shared.UUID | undefined): string | undefined {
  if (id === undefined) return undefined;
  const structured = id.getStructured();
  if (structured === undefined) return UUID_TEXT.test(id.getString()) ? id.getString().toLowerCase() : undefined;
  const [high, low] = [structured.getMostSignificantBits(), structured.getLeastSignificantBits()].map((bits) =>
    BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0'),
  ) as [string, string];
  return [high.slice(0, 8), high.slice(8, 12), high.slice(12), low.slice(0, 4), low.slice(4)].join('-');
}

/** google.rpc.Status as BatchAppend carries it in a message; `detail` is a serialised message of type `event_store.client.<typeName>`. */
export function statusMessage(code: number, message: string, typeName: string, detail: Uint8Array): StatusMessage {
  const any = new Any();
  any.setTypeUrl(`type.googleapis.com/${typeName}`);
  any.setValue(detail);
  const status = new statuses.Status();
  status.setCode(code as Parameters<typeof status.setCode>[0]);
  status.setMessage(message);
  status.setDetails(any);
  return status;
}

export const notReadyStatus = (): StatusMessage => statusMessage(grpcStatus.UNAVAILABLE, 'Server Is Not Ready', 'google.protobuf.Empty', new Uint8Array());
export const accessDeniedStatus = (): StatusMessage =>
  statusMessage(grpcStatus.PERMISSION_DENIED, 'AccessDenied', 'event_store.client.AccessDenied', new shared.AccessDenied().serializeBinary());
export const timeoutStatus = (): StatusMessage =>
  statusMessage(grpcStatus.DEADLINE_EXCEEDED, 'Timeout', 'event_store.client.Timeout', new shared.Timeout().serializeBinary());
export function badRequestStatus(reason: string): StatusMessage {
  const detail = new shared.BadRequest();
  detail.setMessage(reason);
  return statusMessage(grpcStatus.INVALID_ARGUMENT, 'BadRequest', 'event_store.client.BadRequest', detail.serializeBinary());
}

/** How a call fails: a gRPC status, with the trailers that tell the client which error it is. */
export function failure(
  code: number,
  details: string,
  trailers: Readonly<Record<string, string | number>> = {},
): Pick<ServiceError, 'code' | 'details'> & Error & StatusObject {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, String(value));
  return Object.assign(new Error(details), { code, details, metadata });
}

export const thrownByHandler = (): ReturnType<typeof failure> => failure(grpcStatus.UNKNOWN, 'Exception was thrown by handler.');
export const notReady = (): ReturnType<typeof failure> => failure(grpcStatus.UNAVAILABLE, 'Server Is Not Ready');
export const accessDenied = (): ReturnType<typeof failure> => failure(grpcStatus.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
export const streamDeleted = (stream: string): ReturnType<typeof failure> =>
  failure(grpcStatus.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream });
export const consumerTooSlow = (): ReturnType<typeof failure> =>
  failure(grpcStatus.ABORTED, 'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.');
/** The status that a fault ends a call with before anything is done; undefined where it is no such fault. */
export function refusalOf(fault: Fault | undefined): Error | undefined {
  switch (fault?.kind) {
    case 'unavailable':
      return failure(grpcStatus.UNAVAILABLE, 'Made to be unavailable.');
    case 'not-ready':
      return notReady();
    case 'not-leader':
      return notLeader(fault.host, fault.port);
    case 'access-denied':
      return accessDenied();
    case 'timeout':
      return failure(grpcStatus.ABORTED, 'Operation timed out.');
    default:
      return undefined;
  }
}

export const notLeader = (host: string, port: number): ReturnType<typeof failure> =>
  failure(grpcStatus.NOT_FOUND, 'Leader info available', { exception: 'not-leader', 'leader-endpoint-host': host, 'leader-endpoint-port': port });
