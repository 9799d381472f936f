import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers';
import { ADMIN, CLUSTER_ID, type KafkaOptions, type KafkaPorts, type KafkaServer, scramArguments, serverProperties } from './kafka-server.js';
import { freePorts } from '../free-ports.js';
import { untilReady } from './ready.js';

const PROPERTIES = '/tmp/server.properties';
const DATA = '/tmp/kafka-data';
const START_TIMEOUT_MS = 120_000;
const quoted = (argument: string): string => `'${argument}'`;

/** A broker of the image `apache/kafka` with the tests' own configuration: the image's own start script knows no SCRAM. */
export class ContainerBroker implements KafkaServer {
  readonly origin = 'docker';
  readonly admin = ADMIN;
  readonly tlsBrokers = undefined;
  readonly certificate = undefined;

  private constructor(
    readonly version: string,
    private readonly ports: KafkaPorts,
    private readonly container: StartedTestContainer,
  ) {}

  static async start({ version, users = [], properties }: KafkaOptions): Promise<ContainerBroker> {
    const [plain, sasl, proxied, advertised, controller] = (await freePorts(5)) as readonly [number, number, number, number, number];
    const ports = { plain, sasl, tls: 0, proxied, advertised, controller };
    const text = serverProperties({ ports, dataDirectory: DATA, host: '0.0.0.0', ...(properties ? { more: properties } : {}) });
    const format = ['format', '--ignore-formatted', '-t', CLUSTER_ID, '-c', PROPERTIES, ...scramArguments([ADMIN, ...users])].map(quoted).join(' ');
    const script = `/opt/kafka/bin/kafka-storage.sh ${format} && exec /opt/kafka/bin/kafka-server-start.sh ${PROPERTIES}`;
    const container = await new GenericContainer(`apache/kafka:${version}`)
      .withEntrypoint(['sh', '-c', script])
      .withEnvironment({ KAFKA_HEAP_OPTS: '-Xmx512m -Xms128m' })
      .withCopyContentToContainer([{ content: text, target: PROPERTIES, mode: 0o644 }])
      .withExposedPorts(...[plain, sasl, proxied].map((port) => ({ container: port, host: port })))
      .withStartupTimeout(START_TIMEOUT_MS)
      .start();
    const broker = new ContainerBroker(version, ports, container);
    try {
      await untilReady(broker.brokers, () => undefined);
      return broker;
    } catch (error) {
      await broker.stop();
      throw error;
    }
  }

  get brokers(): readonly string[] {
    return [`127.0.0.1:${this.ports.plain}`];
  }
  get saslBrokers(): readonly string[] {
    return [`127.0.0.1:${this.ports.sasl}`];
  }
  get proxy(): KafkaServer['proxy'] {
    return { listen: this.ports.advertised, target: this.ports.proxied };
  }

  async #engine() {
    const { container } = await getContainerRuntimeClient();
    return container.getById(this.container.getId());
  }

  async kill(): Promise<void> {
    const engine = await this.#engine();
    const { State: state } = await engine.inspect();
    if (!state.Running) return;
    await engine.kill({ signal: 'SIGKILL' });
    await engine.wait();
  }

  async restart(): Promise<void> {
    await this.kill();
    await (await this.#engine()).start();
    await untilReady(this.brokers, () => undefined);
  }

  async stop(): Promise<void> {
    await this.container.stop({ remove: true, removeVolumes: true });
  }
}
