import { Injectable } from '@nestjs/common';
import type { Stored } from '#libs/commands';
import type { ProvisionEvent, QueryEvent } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { type LineOutcome, type Place, type Proven, type RecordTold, succeeded, type TellRecordLine } from '#libs/protocol';
import { Hosting } from '../hosting/hosting.js';
import { ServerParts } from '../server-parts.js';

/** Events in one answer at most, characters of them: what is beyond is asked for again. Keeps the proof below its own bound, too. */
const TOLD_CHARACTERS_MAX = 2 * 1_048_576;

type History = readonly Stored<QueryEvent | ProvisionEvent>[];
type Told = RecordTold['events'][number] & { place?: Place };

/**
 * Tells an agency's record of exchanges, for reconciliation: the stored events as they are, each with its place in this
 * server's log. Protected fields stay sealed.
 */
@Injectable()
export class ToldRecords {
  constructor(
    private readonly parts: ServerParts,
    private readonly hosting: Hosting,
  ) {}

  /** Refuses AGENCY_NOT_SPOKEN_FOR, EXCHANGE_NOT_RECORDED, and ANSWER_FULL where the line has to be sent again. */
  async tell(caller: string, lines: readonly TellRecordLine[]): Promise<Proven<RecordTold>> {
    await this.hosting.know(lines.map(({ agency }) => agency));
    const outcomes = new Array<LineOutcome<RecordTold>>(lines.length);
    const histories = await this.#load(lines);
    const stored: Stored<QueryEvent | ProvisionEvent>[] = [];
    const told: Told[] = [];
    let characters = 0;
    for (const [index, { exchangeId, agency }] of lines.entries()) {
      try {
        this.hosting.assertSpeaksFor(caller, agency, 'agency');
        const own = (histories[index] as History).filter(({ event }) => event.agency === agency);
        if (own.length === 0)
          throw new DomainError('EXCHANGE_NOT_RECORDED', 'not-found', 'this agency has no record of this exchange here', { field: 'exchangeId' });
        if (characters > TOLD_CHARACTERS_MAX) throw new DomainError('ANSWER_FULL', 'busy', 'the answer holds all that it can: ask for this record again');
        const events = own.map(({ bytes }): Told => ({ event: textOf(bytes) }));
        for (const { event } of events) characters += event.length;
        stored.push(...own);
        told.push(...events);
        outcomes[index] = succeeded({ exchangeId, events });
      } catch (error) {
        outcomes[index] = this.parts.failed(error);
      }
    }
    const proof = await this.parts.serverLog.prove(stored);
    if (proof === undefined) return { outcomes };
    for (const [at, event] of told.entries()) event.place = proof.places[at] as Place;
    return { outcomes, proofs: [proof.proof] };
  }

  /** What stands in both streams of each exchange: an agency may have asked itself. */
  async #load(lines: readonly TellRecordLine[]): Promise<readonly History[]> {
    const streams = lines.flatMap(({ exchangeId }) => [`query-${exchangeId}`, `provision-${exchangeId}`]);
    const histories = await this.parts.party.recorder.load<QueryEvent | ProvisionEvent>(streams);
    return lines.map((_, index) => [...(histories[2 * index] as History), ...(histories[2 * index + 1] as History)]);
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
