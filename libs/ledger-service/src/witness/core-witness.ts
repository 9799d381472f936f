import { type CheckpointLine, type CorePort, type CosignatureAnswer, type LineOutcome, type PinnedCore, toError } from '#libs/protocol';
import { cosignerKey } from './verified-cosignature.js';
import type { WitnessPort } from './witness-port.js';

/**
 * The core as the witness of a server's log; its cosignatures count under its pinned key alone. `way`: the core itself, or
 * the interface system in front of the server, which passes checkpoints on.
 */
export function coreAsWitness(server: string, deployment: string, core: PinnedCore, way: Pick<CorePort, 'witnessCheckpoints'>): WitnessPort {
  const name = `${deployment}/${core.id}`;
  return {
    name,
    keys: [cosignerKey(name, core.publicKey)],
    cosign: async (request) => {
      const line: CheckpointLine = { server, ...request };
      const [outcome] = (await way.witnessCheckpoints(server, [line])) as readonly (LineOutcome<CosignatureAnswer> | undefined)[];
      if (outcome?.ok) return outcome.value;
      throw outcome === undefined ? new TypeError('the witness gave no outcome') : toError(outcome.problem);
    },
  };
}
