import { Injectable } from '@nestjs/common';
import { cosignerKey, measureLedger, WitnessLoop, type WitnessPort } from '#libs/ledger-service';
import { Health, isDomainError, Log, Metrics } from '#libs/platform';
import { type CosignatureAnswer, toError } from '#libs/protocol';
import { CORE, CoreParts } from '../core-parts.js';
import { InterfaceSystems } from '../notifier/interface-systems.js';
import { signingKeysOf } from '../register/directory.js';
import type { ServerRecord } from '../register/register.js';
import { CoreLog } from './core-log.js';

/** How often a witness is asked while there is something new. */
const ASK_EVERY_MS = 1_000;

/**
 * The interface systems as witnesses of the core's own log: each is asked to cosign what is new, beside all else. That
 * entries wait for a witness is a metric and a warning of the health; what contradicts the log takes readiness down.
 */
@Injectable()
export class OwnWitnesses {
  readonly #loop: WitnessLoop | undefined;

  constructor(
    private readonly parts: CoreParts,
    private readonly interfaceSystems: InterfaceSystems,
    private readonly coreLog: CoreLog,
    health: Health,
    metrics: Metrics,
    log: Log,
  ) {
    const { ledger, log: identity } = parts.party;
    if (ledger === undefined || identity === undefined) return;
    measureLedger(metrics, ledger);
    this.#loop = new WitnessLoop({
      ledger,
      keys: () => identity.keys,
      witnesses: () => this.#witnesses(),
      intervalMs: ASK_EVERY_MS,
      onTrouble: ({ witness, code }) => log.warn('a witness did not cosign the core’s log', { server: witness, code }),
    });
    health.warn(() => this.#warnings());
    health.register('ledger', async () => {
      await coreLog.caughtUp();
      return !coreLog.isContradicted;
    });
  }

  start(): void {
    this.#loop?.start();
  }

  /** Resolves when no witness is being asked any more. */
  async stop(): Promise<void> {
    await this.#loop?.stop();
  }

  /** One round at once: resolves when those asked have answered or failed. */
  async round(): Promise<void> {
    await this.#loop?.round();
  }

  /** A ledger that cannot even be asked is the readiness check's to tell. */
  #warnings(): readonly string[] {
    try {
      return this.#loop?.warnings() ?? [];
    } catch (error) {
      if (isDomainError(error)) return [error.code];
      throw error;
    }
  }

  #witnesses(): readonly WitnessPort[] {
    const witnesses: WitnessPort[] = [];
    for (const server of this.parts.register.servers()) {
      if (server.state.registration.kind === 'interface-system') witnesses.push(this.#witness(server));
    }
    return witnesses;
  }

  #witness(server: ServerRecord): WitnessPort {
    const { id } = server.state.registration;
    const name = `${this.parts.deployment}/${id}`;
    return {
      name,
      keys: Object.values(signingKeysOf(server, Date.now())).map((publicText) => cosignerKey(name, publicText)),
      cosign: async (request): Promise<CosignatureAnswer> => {
        const [outcome] = await this.interfaceSystems.of(id).witnessCheckpoints(CORE, [{ server: CORE, ...request }]);
        if (outcome?.ok !== true) throw toError(outcome?.problem ?? { code: 'UPSTREAM_MALFORMED', kind: 'unavailable', detail: 'no outcome' });
        this.coreLog.sawSize(id, outcome.value.size);
        return outcome.value;
      },
    };
  }
}
