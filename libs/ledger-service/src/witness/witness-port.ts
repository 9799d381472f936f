import type { CheckpointLine, CosignatureAnswer } from '#libs/protocol';

/** What a witness is asked, as in C2SP tlog-witness (add-checkpoint). */
export type CosignatureRequest = Omit<CheckpointLine, 'server'>;

/** One witness of a log. */
export interface WitnessPort {
  /** Its cosigner name, `<deployment>/<server>`. */
  readonly name: string;
  /** Verifier keys under which its cosignatures are accepted (C2SP tlog-cosignature, kind 0x04): several while it changes keys. */
  readonly keys: readonly string[];
  /** The cosignature; or, where `from` is not the size that the witness has, only that size: ask again from there. */
  cosign(request: CosignatureRequest): Promise<CosignatureAnswer>;
}
