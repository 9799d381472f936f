/** A key epoch of identifiers: new issues use the newest, older ones stay to open what was issued. */
export interface EpochSecret {
  /** 1 to 1023, increasing. */
  readonly epoch: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Where the core's identifier secrets lie: a file, or a key service. Asked when an IdentifierCipher is made. */
export abstract class KeyVault {
  /** 32 bytes, the same for ever: links resident record codes to `link`s. */
  abstract linkSecret(): Promise<Uint8Array>;

  /** All epochs that have ever been in use, oldest first, at least one. */
  abstract epochSecrets(): Promise<readonly EpochSecret[]>;
}
