/** How the agency's system logs in at the brokers. */
export interface KafkaConnection {
  /** `host:port`. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly sasl?: { readonly mechanism: 'scram-sha-256' | 'scram-sha-512' | 'plain'; readonly username: string; readonly password: string };
  /** True, or the certificate of the brokers' authority (PEM), or its file. */
  readonly tls?: true | { readonly ca: string } | { readonly caFile: string };
}
