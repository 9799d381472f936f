import { randomInt } from 'node:crypto';
import type { CommandBus } from '@nestjs/cqrs';
import { type Execution, numberCommands, type Outcome, type Party, residentCommands, type Stored } from '#libs/commands';
import { residentKeyId } from '#libs/cryptography';
import {
  holdsNumber,
  individualNumberOf,
  type NumberEvent,
  parseIndividualNumber,
  type Resident,
  type ResidentCommand,
  residentDecider,
  type ResidentEvent,
} from '#libs/domain';
import { clear, DomainError, fold, isSealed, type Protected } from '#libs/kernel';
import type { Clock } from '#libs/platform';
import {
  type AssignNumberAnswer,
  type AssignNumberLine,
  type ChangeNumberLine,
  type CorePort,
  type DirectoryCache,
  failed,
  type ForwardAcquisitionLine,
  type LineOutcome,
  notSpokenFor,
  ResidentRegistryPort,
  succeeded,
} from '#libs/protocol';

/** Numbers drawn before giving up: with 10¹¹ of them a second draw is already rare. */
export const DRAWS_MAX = 8;

export interface RegistryParts {
  readonly id: string;
  readonly party: Party;
  readonly bus: CommandBus;
  readonly core: CorePort;
  readonly directory: DirectoryCache;
  readonly clock: Clock;
}

type History = readonly Stored<ResidentEvent>[];
/** A resident's stream as it stands, for one line. */
interface Located {
  readonly stream: string;
  readonly history: History;
  readonly resident: Resident;
}

const notNumbered = (): DomainError =>
  new DomainError('INDIVIDUAL_NUMBER_UNKNOWN', 'not-found', 'this individual number was assigned to nobody', { field: 'individualNumber' });

/**
 * The resident registry (住民基本台帳ネットワーク, J-LIS): numbering (付番), and the way of an acquisition number to the core. The
 * only party that holds individual numbers; it never sees an identifier. Nothing is answered, and nothing passed on, before
 * the registry's log holds what it tells of.
 */
export class ResidentRegistryService extends ResidentRegistryPort {
  constructor(private readonly parts: RegistryParts) {
    super();
  }

  override assignNumbers(caller: string, lines: readonly AssignNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]> {
    return this.#logged(this.#assign(caller, lines));
  }
  override changeNumbers(caller: string, lines: readonly ChangeNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]> {
    return this.#logged(this.#change(caller, lines));
  }
  /** Records each as forwarded, then asks the core for all of them at once; the core's refusal is the line's. */
  override forwardAcquisitions(caller: string, lines: readonly ForwardAcquisitionLine[]): Promise<readonly LineOutcome<true>[]> {
    return this.#logged(this.#forwardAll(caller, lines));
  }

  /** Resolves when what was recorded so far is in the log; at once where none is kept. Rejects where that cannot be said. */
  async #caughtUp(): Promise<void> {
    await this.parts.party.ledger?.integrated(this.parts.party.recorder.newest);
  }

  async #logged<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      await this.#caughtUp(); // before a refusal too: it may tell of what is on record
    }
  }

  async #assign(caller: string, lines: readonly AssignNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]> {
    await this.#assertMunicipality(caller);
    const streams = lines.map(({ residentRecordCode }) => `resident-${this.parts.party.names.resident(residentRecordCode)}`);
    const located = await this.#load(streams);
    return Promise.all(
      located.map((at, index) =>
        this.#line(async () => {
          if (at.resident.status === 'numbered') return this.#presentNumber(at.history);
          const { residentRecordCode } = lines[index] as AssignNumberLine;
          return this.#withNewNumber(at.stream, caller, (made) => ({ type: 'AssignNumber', data: { ...made, residentRecordCode: clear(residentRecordCode) } }));
        }),
      ),
    );
  }

  async #change(caller: string, lines: readonly ChangeNumberLine[]): Promise<readonly LineOutcome<AssignNumberAnswer>[]> {
    await this.#assertMunicipality(caller);
    return Promise.all(
      lines.map(({ individualNumber, reason }) =>
        this.#line(async () => {
          const numberStream = this.#numberStream(individualNumber);
          const { stream, history, resident } = await this.#holder(numberStream);
          if (resident.status !== 'numbered') throw notNumbered();
          if (!holdsNumber(resident, numberStream)) return this.#presentNumber(history); // changed before: a repeat gets the number made then
          const ordinal = resident.ordinal + 1;
          return this.#withNewNumber(stream, caller, (made) => ({ type: 'ChangeNumber', data: { ...made, ordinal, reason } }));
        }),
      ),
    );
  }

  async #forwardAll(caller: string, lines: readonly ForwardAcquisitionLine[]): Promise<readonly LineOutcome<true>[]> {
    const { core, id, directory } = this.parts;
    if (!(await directory.agency(caller))) throw notSpokenFor('holder');
    const codes = await Promise.all(lines.map((line) => this.#line(() => this.#forward(caller, line))));
    const going = codes.flatMap((code, index) => (code.ok ? [{ index, residentRecordCode: code.value }] : []));
    if (going.length === 0) return codes as readonly LineOutcome<true>[];
    await this.#caughtUp();
    const issued = await core.issueIdentifiers(
      id,
      going.map(({ index, residentRecordCode }) => ({ acquisitionNumber: (lines[index] as ForwardAcquisitionLine).acquisitionNumber, residentRecordCode })),
    );
    const outcomes = [...codes] as LineOutcome<true>[];
    for (const [at, { index }] of going.entries()) {
      const outcome = issued[at];
      outcomes[index] = outcome?.ok === false ? outcome : succeeded(true);
    }
    return outcomes;
  }

  /** Records that the acquisition number was forwarded for this person; gives the resident record code for the core. */
  async #forward(caller: string, { acquisitionNumber, individualNumber }: ForwardAcquisitionLine): Promise<string> {
    const { names } = this.parts.party;
    const numberStream = this.#numberStream(individualNumber);
    const { stream } = await this.#holder(numberStream);
    const data = { acquisitionNumber: clear(acquisitionNumber), acquisition: names.acquisition(acquisitionNumber), requestedBy: caller, numberStream };
    const { history } = await this.#execute(stream, { type: 'ForwardAcquisition', data }, caller);
    const assigned = history[0]?.event.data;
    return this.#open(assigned && 'residentRecordCode' in assigned ? assigned.residentRecordCode : undefined);
  }

  /** Draws a number that is nobody's, reserves it for the resident, and records it. */
  async #withNewNumber(
    stream: string,
    requestedBy: string,
    command: (made: { individualNumber: { value: string }; numberStream: string; requestedBy: string }) => ResidentCommand,
  ): Promise<AssignNumberAnswer> {
    for (let draw = 1; draw <= DRAWS_MAX; draw += 1) {
      const individualNumber = individualNumberOf(Array.from({ length: 11 }, () => randomInt(10)).join(''));
      const numberStream = this.#numberStream(individualNumber);
      if (!(await this.#reserve(numberStream, stream, requestedBy))) continue;
      const { history } = await this.#execute(stream, command({ individualNumber: clear(individualNumber), numberStream, requestedBy }), requestedBy);
      return this.#presentNumber(history); // another's, where two asked at once: what is stored counts
    }
    throw new DomainError('NO_FREE_NUMBER', 'unavailable', 'no free number was drawn: ask again');
  }

  /** False where the number belongs to someone. */
  async #reserve(numberStream: string, residentStream: string, requestedBy: string): Promise<boolean> {
    const context = this.#context(residentStream, requestedBy);
    const execution = { stream: numberStream, command: { type: 'ReserveNumber' as const, data: { residentStream } }, context, isNew: true };
    const [outcome] = await this.parts.bus.execute(new numberCommands.Batch([execution]));
    if (outcome?.status === 'fulfilled') return true;
    if (outcome?.reason instanceof DomainError && outcome.reason.code === 'NUMBER_TAKEN') return false;
    throw outcome?.reason;
  }

  async #execute(stream: string, command: ResidentCommand, requestedBy: string): Promise<{ readonly history: History }> {
    const execution: Execution<ResidentCommand> = { stream, command, context: this.#context(stream, requestedBy) };
    const [outcome] = (await this.parts.bus.execute(new residentCommands.Batch([execution]))) as readonly Outcome<ResidentEvent>[];
    if (outcome?.status !== 'fulfilled') throw outcome?.reason;
    return outcome.value;
  }

  #context(residentStream: string, caller: string) {
    const keyId = residentKeyId(residentStream.slice('resident-'.length));
    return { at: this.parts.clock.now(), actor: 'system', correlationId: residentStream, causationId: caller, keyId };
  }

  /** Who holds, or held, the number of this stream. */
  async #holder(numberStream: string): Promise<Located> {
    const [reserved] = await this.parts.party.recorder.load<NumberEvent>([numberStream]);
    const stream = reserved?.[0]?.event.data.residentStream;
    if (stream === undefined) throw notNumbered();
    const [located] = await this.#load([stream]);
    if (located?.resident.status !== 'numbered') throw notNumbered();
    return located;
  }

  async #load(streams: readonly string[]): Promise<readonly Located[]> {
    const histories = await this.parts.party.recorder.load<ResidentEvent>(streams);
    return histories.map((history, index) => {
      const events = history.map(({ event }) => ({ type: event.type, data: event.data }) as ResidentEvent);
      return { stream: streams[index] as string, history, resident: fold(residentDecider, events) };
    });
  }

  #numberStream(individualNumber: string): string {
    return `number-${this.parts.party.names.individualNumber(parseIndividualNumber(individualNumber))}`;
  }

  #presentNumber(history: History): AssignNumberAnswer {
    const made = history.findLast(({ event }) => event.type !== 'AcquisitionForwarded')?.event;
    return { individualNumber: this.#open(made && 'individualNumber' in made.data ? made.data.individualNumber : undefined) };
  }

  #open(field: Protected | undefined): string {
    if (field === undefined || !isSealed(field)) throw notNumbered();
    return this.parts.party.fields.disclose(field).value;
  }

  /** Municipalities alone request and designate numbers (Number Use Act art. 7, 8). */
  async #assertMunicipality(caller: string): Promise<void> {
    if ((await this.parts.directory.agency(caller))?.class !== 'municipality') {
      throw new DomainError('NOT_A_MUNICIPALITY', 'forbidden', 'only a municipality has numbers assigned or changed');
    }
  }

  async #line<T>(handle: () => Promise<T>): Promise<LineOutcome<T>> {
    try {
      return succeeded(await handle());
    } catch (error) {
      return failed(error);
    }
  }
}
