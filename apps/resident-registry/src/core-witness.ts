import { cosignerKey, type WitnessPort } from '#libs/ledger-service';
import { type CheckpointLine, type CorePort, type CosignatureAnswer, type LineOutcome, type PinnedCore, toError } from '#libs/protocol';

/** The core as the witness of the registry's log; its cosignatures count under its pinned key alone. */
export function coreAsWitness(server: string, deployment: string, core: PinnedCore, port: Pick<CorePort, 'witnessCheckpoints'>): WitnessPort {
  const name = `${deployment}/${core.id}`;
  return {
    name,
    keys: [cosignerKey(name, core.publicKey)],
    cosign: async (request) => {
      const line: CheckpointLine = { server, ...request };
      const [outcome] = (await port.witnessCheckpoints(server, [line])) as readonly (LineOutcome<CosignatureAnswer> | undefined)[];
      if (outcome?.ok) return outcome.value;
      throw outcome === undefined ? new TypeError('the core gave no outcome') : toError(outcome.problem);
    },
  };
}
