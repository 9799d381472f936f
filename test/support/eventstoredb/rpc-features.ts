// ServerFeatures, which the client asks first, and gossip, which it asks where its address is that of a cluster.
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import type { DoubleState } from './double-state.js';
import { failure, type shared, uuid } from './messages.js';
import { status as grpcStatus } from '@grpc/grpc-js';

const METHODS: readonly (readonly [service: string, method: string, features: readonly string[]])[] = [
  ['event_store.client.streams.streams', 'read', ['position', 'events']],
  ['event_store.client.streams.streams', 'append', []],
  ['event_store.client.streams.streams', 'delete', []],
  ['event_store.client.streams.streams', 'tombstone', []],
  ['event_store.client.streams.streams', 'batchappend', ['deadline_duration']],
  ['event_store.client.gossip.gossip', 'read', []],
  ['event_store.client.server_features.serverfeatures', 'getsupportedmethods', []],
];

export function supportedMethods(state: DoubleState) {
  return (_call: ServerUnaryCall<shared.Empty, features.SupportedMethods>, answer: sendUnaryData<features.SupportedMethods>): void => {
    const fault = state.faults.take('features');
    if (fault?.kind === 'no-answer') return;
    if (fault?.kind === 'unavailable') return answer(failure(grpcStatus.UNAVAILABLE, 'Made to be unavailable.'));
    const response = new features.SupportedMethods();
    response.setEventStoreServerVersion(state.reportedVersion);
    response.setMethodsList(
      METHODS.map(([service, name, of]) => {
        const method = new features.SupportedMethod();
        method.setServiceName(service);
        method.setMethodName(name);
        method.setFeaturesList([...of]);
        return method;
      }),
    );
    const send = (): void => answer(null, response);
    if (fault?.kind === 'delay') setTimeout(send, fault.ms);
    else send();
  };
}

/** A cluster of one, which leads. */
export function readGossip(state: DoubleState) {
  return (_call: ServerUnaryCall<shared.Empty, gossip.ClusterInfo>, answer: sendUnaryData<gossip.ClusterInfo>): void => {
    const endPoint = new gossip.EndPoint();
    endPoint.setAddress('127.0.0.1');
    endPoint.setPort(state.port());
    const member = new gossip.MemberInfo();
    member.setInstanceId(uuid(globalThis.crypto.randomUUID()));
    member.setState(gossip.MemberInfo.VNodeState.LEADER);
    member.setIsAlive(true);
    member.setHttpEndPoint(endPoint);
    const info = new gossip.ClusterInfo();
    info.setMembersList([member]);
    answer(null, info);
  };
}
