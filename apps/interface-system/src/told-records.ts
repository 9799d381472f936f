import { DomainError } from '#libs/kernel';
import { failed, type IntermediateServerPort, type LineOutcome, type Proven, type RecordTold, type TellRecordLine } from '#libs/protocol';
import type { ProofChecks } from './ledger/proof-checks.js';
import type { Refusals } from './ledger/refusals.js';

/** What a server behind this interface system says that it has recorded, where its own log holds it and it is of the exchange asked for. */
export async function toldRecords(
  { self, checks, refusals }: { readonly self: string; readonly checks: ProofChecks; readonly refusals: Refusals },
  server: IntermediateServerPort,
  id: string,
  lines: readonly TellRecordLine[],
): Promise<Proven<RecordTold>> {
  const { outcomes: told, proofs } = await server.tellRecords(self, lines);
  const places = told.flatMap((outcome) => (outcome.ok ? outcome.value.events.map(({ place }) => place) : []));
  const shown = await checks.answeredByServer(id, proofs, places);
  const outcomes = told.map((outcome, at): LineOutcome<RecordTold> => {
    if (!outcome.ok) return outcome;
    try {
      refusals.counting(() => {
        for (const { event, place } of outcome.value.events) {
          assertOf(lines[at] as TellRecordLine, event);
          shown.assertEvent(event, place);
        }
      });
      return outcome;
    } catch (error) {
      return failed(error);
    }
  });
  return proofs === undefined ? { outcomes } : { outcomes, proofs };
}

function assertOf({ exchangeId }: TellRecordLine, text: string): void {
  let event: { readonly stream?: unknown } | null;
  try {
    event = JSON.parse(text) as { readonly stream?: unknown } | null;
  } catch (cause) {
    throw new DomainError('RECORD_MALFORMED', 'unavailable', 'the record told is not an event', {}, { cause });
  }
  if (event?.stream === `query-${exchangeId}` || event?.stream === `provision-${exchangeId}`) return;
  throw new DomainError('RECORD_OF_ANOTHER_EXCHANGE', 'unavailable', 'the record told is of another exchange');
}
