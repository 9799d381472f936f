import { LOG_STREAM, type Recorder } from '#libs/commands';
import { newEventId } from '#libs/cryptography';
import { accessDecider } from '#libs/domain';

/** Entries that somebody is about to be given: half-open range of leaf indexes. */
export interface Reading {
  /** As the server's configuration calls them. */
  readonly auditor: string;
  readonly from: number;
  readonly to: number;
}

/** Records one reading, in a stream of its own; durable on return. Only then may the entries leave. `at`: business instant. */
export async function recordReading(recorder: Recorder, { auditor, from, to }: Reading, at: string): Promise<void> {
  const id = newEventId();
  const [outcome] = await recorder.execute(accessDecider, [
    {
      stream: `ledger-access.${id}`,
      command: { type: 'RecordAccess', data: { auditor, from, to } },
      context: { at, actor: 'system', correlationId: id, causationId: LOG_STREAM, keyId: LOG_STREAM },
      isNew: true,
    },
  ]);
  if (outcome?.status !== 'fulfilled') throw (outcome as PromiseRejectedResult).reason;
}
