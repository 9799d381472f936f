import { cosignerKey, type WitnessPort } from '#libs/ledger-service';
import { type CheckpointLine, type CosignatureAnswer, type InterfaceSystemPort, type LineOutcome, type PinnedCore, toError } from '#libs/protocol';

/** The core as the witness of this server's log, by way of the interface system; its cosignatures count under its pinned key alone. */
export function coreAsWitness(server: string, deployment: string, core: PinnedCore, way: Pick<InterfaceSystemPort, 'witnessCheckpoints'>): WitnessPort {
  const name = `${deployment}/${core.id}`;
  return {
    name,
    keys: [cosignerKey(name, core.publicKey)],
    cosign: async (request) => {
      const line: CheckpointLine = { server, ...request };
      const [outcome] = (await way.witnessCheckpoints(server, [line])) as readonly (LineOutcome<CosignatureAnswer> | undefined)[];
      if (outcome?.ok) return outcome.value;
      throw outcome === undefined ? new TypeError('the interface system gave no outcome') : toError(outcome.problem);
    },
  };
}
