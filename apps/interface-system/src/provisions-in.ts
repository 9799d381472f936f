import type { TransportSealer } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import type { Log } from '#libs/platform';
import {
  type CorePort,
  type DeliveredProvisionLine,
  type DirectoryCache,
  failed,
  type IntermediateServerPort,
  type LineOutcome,
  notSpokenFor,
  type Proven,
  type ProvisionLine,
  type ReceiptLine,
} from '#libs/protocol';
import type { ProofChecks } from './ledger/proof-checks.js';
import type { Refusals } from './ledger/refusals.js';
import type { ProvisionsOut } from './provisions-out.js';
import type { Routing } from './routing.js';

export interface ProvisionsInParts {
  readonly id: string;
  readonly core: CorePort;
  readonly directory: DirectoryCache;
  readonly sealer: TransportSealer;
  readonly routing: Routing;
  readonly checks: ProofChecks;
  readonly refusals: Refusals;
  readonly log: Log;
}

/** What other interface systems deliver, on to the requesters' servers behind this one; their receipts, to the core and back. */
export class ProvisionsIn {
  constructor(
    private readonly parts: ProvisionsInParts,
    private readonly recorded: Pick<ProvisionsOut, 'checked'>,
  ) {}

  async take(caller: string, lines: readonly ProvisionLine[]): Promise<Proven<ReceiptLine | null>> {
    const { directory, routing } = this.parts;
    await directory.server(caller);
    await directory.know(lines.map(({ provider }) => provider));
    const opened = new Map<ProvisionLine, DeliveredProvisionLine>();
    return routing.eachServer(
      lines,
      (line) => {
        if (directory.agencyNow(line.provider)?.interfaceSystem !== caller) throw notSpokenFor('provider');
        opened.set(line, this.#open(caller, line));
        return routing.serverOf('requester', line.requester);
      },
      (server, provisions, id) =>
        this.#receive(
          server,
          id,
          provisions.map((line) => opened.get(line) as DeliveredProvisionLine),
        ),
    );
  }

  #open(from: string, { sealed, ...line }: ProvisionLine): DeliveredProvisionLine {
    if (line.outcome === 'not-made') return line;
    if (sealed === undefined) throw new DomainError('SEALED_DATA_MISSING', 'invalid', 'a provision that was made carries sealed data', { field: 'sealed' });
    const { payload, digest } = this.parts.sealer.openProvision({ from, exchangeId: line.exchangeId, sealed });
    if (digest !== line.digest) throw new DomainError('PROVISION_DIGEST', 'unprocessable', 'the data is not what the provider recorded', { field: 'digest' });
    return { ...line, payload };
  }

  /** A receipt is passed on once it stands in the log of the server that gives it. */
  async #receive(server: IntermediateServerPort, id: string, provisions: readonly DeliveredProvisionLine[]): Promise<Proven<ReceiptLine | null>> {
    const { checks, refusals } = this.parts;
    const { outcomes: told, proofs } = await server.receiveProvisions(this.parts.id, provisions);
    const places = told.flatMap((outcome) => (outcome.ok && outcome.value ? [outcome.value.place] : []));
    const shown = await checks.answeredByServer(id, proofs, places);
    const outcomes = told.map((outcome): LineOutcome<ReceiptLine | null> => {
      if (!outcome.ok || outcome.value === null) return outcome;
      const { requesterLeaf, place } = outcome.value;
      try {
        refusals.counting(() => shown.assertLeaf(requesterLeaf, place));
        return outcome;
      } catch (error) {
        return failed(error);
      }
    });
    await this.#sendReceipts(outcomes);
    return proofs === undefined ? { outcomes } : { outcomes, proofs };
  }

  /** A receipt that the core does not get now follows when the core has the provision sent again. */
  async #sendReceipts(outcomes: readonly LineOutcome<ReceiptLine | null>[]): Promise<void> {
    const { core, id, checks, log } = this.parts;
    const receipts = outcomes.flatMap((outcome): ReceiptLine[] => {
      if (!outcome.ok || !outcome.value) return [];
      const { place: _place, ...receipt } = outcome.value;
      return [receipt];
    });
    if (receipts.length === 0) return;
    try {
      await this.recorded.checked(await core.recordReceipts(id, receipts, checks.seen));
    } catch (error) {
      log.warn('the core did not take receipts', { code: error instanceof DomainError ? error.code : 'INTERNAL', lines: receipts.length });
    }
  }
}
