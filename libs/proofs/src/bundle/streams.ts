import {
  agencyEventTypes,
  type ExchangeEvent,
  exchangeEventTypes,
  OperationOpened,
  PermissionItemEnacted,
  PermissionMatrixEnacted,
  PermissionMatrixRepealed,
  type ProvisionEvent,
  provisionEventTypes,
  type QueryEvent,
  queryEventTypes,
  ServerKeyRotated,
  ServerMoved,
  ServerRegistered,
} from '#libs/domain';
import type { Message } from '#libs/kernel';
import type { CheckedLog } from './check-logs.js';
import type { Findings } from './findings.js';
import type { ProvenEvent } from './read-entries.js';

/** The party whose log holds the law, the register and the decisions. */
const CORE = 'core';
interface Kind {
  /** In the core's log, or in those of agencies' servers. */
  readonly core: boolean;
  /** Given from revision 0 on. */
  readonly whole: boolean;
  readonly types: ReadonlySet<string>;
}
const kind = (core: boolean, whole: boolean, types: readonly { readonly type: string }[]): Kind => ({
  core,
  whole,
  types: new Set(types.map(({ type }) => type)),
});
const serverEventTypes = [ServerRegistered, ServerMoved, ServerKeyRotated];
const ofServers: ReadonlySet<string> = new Set(serverEventTypes.map(({ type }) => type));
/** Categories of streams that a bundle is read for. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['exchange', kind(true, true, exchangeEventTypes)],
  ['query', kind(false, true, queryEventTypes)],
  ['provision', kind(false, true, provisionEventTypes)],
  [
    'agency',
    kind(
      true,
      true,
      agencyEventTypes.filter(({ type }) => !ofServers.has(type)),
    ),
  ],
  ['server', kind(true, false, serverEventTypes)],
  ['matrix', kind(true, false, [PermissionItemEnacted, PermissionMatrixEnacted, PermissionMatrixRepealed])],
  ['opening', kind(true, true, [OperationOpened])],
]);

/** The three records of one exchange, as far as the bundle has them. */
export interface ExchangeRecords {
  readonly exchange: string;
  core?: readonly ProvenEvent<ExchangeEvent>[];
  requester?: readonly ProvenEvent<QueryEvent>[];
  provider?: readonly ProvenEvent<ProvisionEvent>[];
}

/** The entries by stream, oldest first; what is odd about them is told. */
export class Streams {
  readonly #streams = new Map<string, ProvenEvent[]>();

  constructor(entries: readonly ProvenEvent[], logs: readonly CheckedLog[], findings: Findings) {
    const ids = new Set<string>();
    for (const one of entries) {
      const { stream, id } = one.event;
      if (ids.has(id)) findings.fail('EVENT_ID_TWICE', { entry: one.entry });
      ids.add(id);
      const kind = kindOf(stream);
      if (kind !== undefined && kind.core !== (logs[one.log]?.party === CORE)) {
        findings.fail('ENTRY_IN_WRONG_LOG', { log: logs[one.log]?.origin ?? '', entry: one.entry });
        continue; // a party's word about what is another's to record counts for nothing
      }
      if (kind !== undefined && !kind.types.has(one.event.type)) {
        findings.fail('ENTRY_IN_WRONG_STREAM', { entry: one.entry });
        continue;
      }
      const found = this.#streams.get(stream);
      if (found) found.push(one);
      else this.#streams.set(stream, [one]);
    }
    for (const [stream, events] of this.#streams) this.#check(stream, events, findings);
  }

  #check(stream: string, events: ProvenEvent[], findings: Findings): void {
    const { log, entry } = events[0] as ProvenEvent;
    const about = { entry, what: stream.slice(0, Math.max(0, stream.indexOf('-'))) };
    const isOfOneLog = events.every((one) => one.log === log);
    if (kindOf(stream) !== undefined && !isOfOneLog) findings.fail('RECORD_IN_SEVERAL_LOGS', about);
    else if (kindOf(stream) !== undefined) findings.proved('RECORDS_OF_ONE_LOG');
    const known = new Set<string>();
    let isUnique = true;
    for (const one of events) {
      const key = isOfOneLog ? `${one.event.revision}` : `${one.log} ${one.event.revision}`;
      if (known.has(key)) {
        isUnique = false;
        findings.fail('REVISION_TWICE', { ...about, entry: one.entry });
      }
      known.add(key);
    }
    if (isUnique) findings.proved('REVISIONS_UNIQUE', events.length);
    if (kindOf(stream)?.whole !== true || !isOfOneLog || !isUnique) return;
    // in a log's order a stream's revisions rise by one from 0
    const gap = events.find(({ event }, index) => event.revision !== index);
    if (gap === undefined) findings.proved('RECORDS_WITHOUT_GAP');
    else findings.fail('REVISION_MISSING', { ...about, entry: gap.entry });
  }

  /** Events of a stream in its log's order; empty where the bundle has none. */
  of<E extends Message>(stream: string): readonly ProvenEvent<E>[] {
    return (this.#streams.get(stream) ?? []) as unknown as readonly ProvenEvent<E>[];
  }

  /** Every exchange that some entry is about, in the order of the bundle. */
  exchanges(): readonly ExchangeRecords[] {
    const found = new Map<string, ExchangeRecords>();
    const recordsOf = (exchange: string): ExchangeRecords => {
      const known = found.get(exchange) ?? { exchange };
      found.set(exchange, known);
      return known;
    };
    for (const [stream, events] of this.#streams) {
      const at = stream.indexOf('-');
      const id = stream.slice(at + 1);
      switch (stream.slice(0, at)) {
        case 'exchange':
          recordsOf(id).core = events as unknown as readonly ProvenEvent<ExchangeEvent>[];
          break;
        case 'query':
          recordsOf(id).requester = events as unknown as readonly ProvenEvent<QueryEvent>[];
          break;
        case 'provision':
          recordsOf(id).provider = events as unknown as readonly ProvenEvent<ProvisionEvent>[];
          break;
        default: // the law, the register, logs
      }
    }
    return [...found.values()];
  }
}

const kindOf = (stream: string): Kind | undefined => KINDS.get(stream.slice(0, Math.max(0, stream.indexOf('-'))));
