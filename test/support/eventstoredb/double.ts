// A double of an EventStoreDB server in this process, built on the client's own generated service definitions. It is driven by the real
// client over a real connection, and answers as real servers were observed to answer (README.md beside it). It keeps everything in memory.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import gossip from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import services from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { DoubleState, DoubleVersion } from './double-state.js';
import { FaultPlan } from './faults.js';
import { Front } from './front.js';
import { EventLog } from './log.js';
import { append, deleteStream, tombstone } from './rpc-append.js';
import { batchAppend } from './rpc-batch-append.js';
import { readGossip, supportedMethods } from './rpc-features.js';
import { read } from './rpc-read.js';

export type { Fault, FaultPlan, Rpc } from './faults.js';
export type { LogRecord } from './log.js';
export type { DoubleVersion } from './double-state.js';

/** As real servers: events of up to 16 MiB may stand in the log. */
const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;

export interface EventStoreDouble {
  readonly version: DoubleVersion;
  /** `esdb://127.0.0.1:<port>?tls=false` */
  readonly url: string;
  readonly port: number;
  readonly faults: DoubleFaults;
  /** Every record that the server holds, system ones too, in the store's order. It grows. */
  readonly records: readonly LogRecordView[];
  /** What whoever has the server's disk could do to a record, by its position. */
  readonly tamper: Pick<EventLog, 'replaceData' | 'lose'>;
  /** As kill -9: connections are reset, new ones refused. What was acknowledged stays. */
  kill(): Promise<void>;
  /**
   * Starts again, on the same port, what was killed. Idempotency by id with `any` and `stream exists` is lost unless `keepIds`.
   * For `notReadyMs` it then answers as a node that is still starting up.
   */
  restart(options?: { readonly keepIds?: boolean; readonly notReadyMs?: number }): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

type LogRecordView = EventLog['records'][number];

export interface DoubleFaults {
  /** Calls that fail; see `Fault`. */
  readonly plan: FaultPlan;
  /** The next `times` (1) calls of the rpc fail so, after `skip` (0) that do not. On BatchAppend, an append is a call. */
  add: FaultPlan['add'];
  /** Takes back what was planned. */
  clear(): void;
  /** While true every call but ServerFeatures is answered 'server is not ready'. */
  notReady(isNotReady: boolean): void;
  /** As SIGSTOP: the connections stay open, new ones are taken, and nothing comes or goes. */
  freeze(): void;
  thaw(): void;
  /** Every connection is reset; new ones are taken at once. */
  cutConnections(): void;
  /** Drops every open subscription as that of a consumer too slow. */
  dropSubscriptions(): void;
  /** Writes an event of the server's own, such as its statistics. */
  writeSystemEvent(stream: string, type: string, data: string): void;
}

export async function startEventStoreDouble({
  version = '23.10.8',
  reportedVersion = version,
}: {
  readonly version?: DoubleVersion;
  /** What it says when it is asked for its version; all else is as `version` has it. */
  readonly reportedVersion?: string;
} = {}): Promise<EventStoreDouble> {
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX, 'grpc.max_send_message_length': MESSAGE_BYTES_MAX });
  const innerPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error === null ? resolve(port) : reject(error)));
  });
  const front = new Front(innerPort);
  await front.open();
  const log = newDatabase();
  const plan = new FaultPlan();
  const state: DoubleState = { version, reportedVersion, log, faults: plan, port: () => front.port, cutConnections: () => front.cut(), tooSlow: new Set() };
  server.addService(features.ServerFeaturesService, { getSupportedMethods: supportedMethods(state) });
  server.addService(gossip.GossipService, { read: readGossip(state) });
  server.addService(services.StreamsService, {
    read: read(state),
    append: append(state),
    delete: deleteStream(state),
    tombstone: tombstone(state),
    batchAppend: batchAppend(state),
  });
  let readyTimer: NodeJS.Timeout | undefined;
  return {
    version,
    url: `esdb://127.0.0.1:${front.port}?tls=false`,
    port: front.port,
    faults: faultsOf(state, front),
    records: log.records,
    tamper: log,
    kill: () => front.close(),
    restart: async ({ keepIds = false, notReadyMs = 0 } = {}) => {
      await front.close();
      if (!keepIds) log.forgetIds();
      clearTimeout(readyTimer);
      plan.notReady = notReadyMs > 0;
      if (notReadyMs > 0) readyTimer = setTimeout(() => (plan.notReady = false), notReadyMs);
      await front.open();
    },
    stop: async () => {
      clearTimeout(readyTimer);
      await front.close();
      server.forceShutdown();
    },
  };
}

function faultsOf(state: DoubleState, front: Front): DoubleFaults {
  return {
    plan: state.faults,
    add: (rpc, fault, options) => state.faults.add(rpc, fault, options),
    clear: () => state.faults.clear(),
    notReady: (isNotReady) => {
      state.faults.notReady = isNotReady;
    },
    freeze: () => front.freeze(),
    thaw: () => front.thaw(),
    cutConnections: () => front.cut(),
    dropSubscriptions: () => {
      for (const drop of [...state.tooSlow]) drop();
    },
    writeSystemEvent: (stream, type, data) => state.log.writeSystemEvent(stream, type, data),
  };
}

/** What a new server writes before anybody else does. */
function newDatabase(): EventLog {
  const log = new EventLog();
  const acl = '{"$acl":{"$r":["$admins"],"$w":["$admins"],"$d":["$admins"],"$mr":["$admins"],"$mw":["$admins"]}}';
  log.writeSystemEvent('$$$scavenges', '$metadata', acl);
  log.writeSystemEvent('$$$user-admin', '$metadata', acl);
  log.writeSystemEvent('$user-admin', '$UserCreated', '{"loginName":"admin","disabled":false,"groups":["$admins"]}');
  log.writeSystemEvent('$users', '$User', '"admin"');
  return log;
}
