/** What servers must know of each other: who speaks for whom, where, with which keys. Read from the core; nothing in it is secret. */
export interface Directory {
  /** Grows with each change at the core. */
  readonly version: number;
  readonly servers: readonly ServerEntry[];
  readonly agencies: readonly AgencyEntry[];
}
export interface ServerEntry {
  readonly id: string;
  readonly kind: 'core' | 'interface-system' | 'intermediate-server' | 'resident-registry' | 'disclosure-portal';
  readonly url: string;
  /** Ed25519 public keys (32 bytes, base64url) that its tokens may be signed with, by key id. */
  readonly signingKeys: Readonly<Record<string, string>>;
  /** Verifier keys (C2SP signed-note) of its log, as the core accepts them when it cosigns; none where it has no log yet. */
  readonly ledgerKeys?: readonly string[];
  /** X25519 public key (base64url) of an interface system. */
  readonly transportKey?: string;
}
export interface AgencyEntry {
  readonly code: string;
  /** Class of agency, e.g. `municipality`. */
  readonly class: string;
  readonly intermediateServer: string;
  readonly interfaceSystem: string;
  /** As `signingKeys` of a server. */
  readonly keys: Readonly<Record<string, string>>;
  /** Institutions that ask and answer through this code holder. */
  readonly institutions: readonly string[];
}
