/** The versions of Apache Kafka that the tests run against: the last of the 3.x line, and a 4.x. */
export const KAFKA_VERSIONS = ['3.9.2', '4.3.0'] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

export interface KafkaUser {
  readonly username: string;
  readonly password: string;
}

/** What the tests ask of a broker that they start themselves. */
export interface KafkaOptions {
  readonly version: KafkaVersion;
  /** Users beside the administrator, with SCRAM-SHA-256 and -512 credentials: they exist before the first start. */
  readonly users?: readonly KafkaUser[];
  /** Further lines of server.properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** Ports on 127.0.0.1, fixed before the start: a KRaft broker advertises them. */
export interface KafkaPorts {
  /** No login: whoever comes is the super user. Tests only. */
  readonly plain: number;
  /** SASL_PLAINTEXT with SCRAM. */
  readonly sasl: number;
  /** SASL_SSL with SCRAM; 0 where no certificate could be made. */
  readonly tls: number;
  /** No login; the broker advertises `advertised` for it: whoever sends through a proxy that listens there stays behind it. */
  readonly proxied: number;
  readonly advertised: number;
  readonly controller: number;
}

/** A real broker, one node in KRaft mode. */
export interface KafkaServer {
  readonly version: string;
  /** `given`: it was there already (TEST_KAFKA_BROKERS), and is neither killed nor stopped; there is no login and no proxy. */
  readonly origin: 'docker' | 'jars' | 'given';
  /** `127.0.0.1:port`, without login: super user. */
  readonly brokers: readonly string[];
  /** `127.0.0.1:port`, SCRAM. */
  readonly saslBrokers: readonly string[];
  /** `127.0.0.1:port`, SCRAM over TLS; undefined where no certificate could be made. */
  readonly tlsBrokers: readonly string[] | undefined;
  /** Certificate of the TLS listener, PEM; undefined like `tlsBrokers`. */
  readonly certificate: string | undefined;
  readonly proxy: { readonly listen: number; readonly target: number };
  /** A super user of the SCRAM listeners. */
  readonly admin: KafkaUser;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data, after `kill` or while it runs (which kills it first); resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
}

export const ADMIN: KafkaUser = { username: 'admin', password: 'admin-of-the-tests' };
export const CLUSTER_ID = 'cmVua2VpLXRlc3RzLTAwMQ';
export const READY_TIMEOUT_MS = 60_000;

/** `--add-scram` arguments of the storage tool. */
export const scramArguments = (users: readonly KafkaUser[]): string[] =>
  users.flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`]),
  );

export interface PropertiesOptions {
  readonly ports: KafkaPorts;
  readonly dataDirectory: string;
  /** Where listeners bind: loopback, or all of a container's own network. */
  readonly host: string;
  /** Key and certificate (PEM file) of the TLS listener. */
  readonly keystore?: { readonly path: string; readonly password: string };
  readonly more?: Readonly<Record<string, string>>;
}

/** The text of server.properties: one node, SCRAM and ACLs on, topics made only where asked for. */
export function serverProperties({ ports, dataDirectory, host, keystore, more }: PropertiesOptions): string {
  const tls = keystore !== undefined;
  const listeners = [
    `PLAINTEXT://${host}:${ports.plain}`,
    `PROXIED://${host}:${ports.proxied}`,
    `SASL_PLAINTEXT://${host}:${ports.sasl}`,
    ...(tls ? [`SASL_SSL://${host}:${ports.tls}`] : []),
  ];
  const advertised = [
    `PLAINTEXT://127.0.0.1:${ports.plain}`,
    `PROXIED://127.0.0.1:${ports.advertised}`,
    `SASL_PLAINTEXT://127.0.0.1:${ports.sasl}`,
    ...(tls ? [`SASL_SSL://127.0.0.1:${ports.tls}`] : []),
  ];
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const login = (listener: string): Record<string, string> => ({
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-256,SCRAM-SHA-512',
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: scram,
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: scram,
  });
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${ports.controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    ...login('sasl_plaintext'),
    ...(keystore
      ? {
          ...login('sasl_ssl'),
          'ssl.keystore.location': keystore.path,
          'ssl.keystore.type': 'PKCS12',
          'ssl.keystore.password': keystore.password,
          'ssl.key.password': keystore.password,
        }
      : {}),
    'log.dirs': dataDirectory,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${ADMIN.username}`,
    'auto.create.topics.enable': 'false',
    'num.partitions': '1',
    'default.replication.factor': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    // a broker that was killed may come back only when the one before it counts as gone: by default nine seconds
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    ...more,
  };
  return `${Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}
