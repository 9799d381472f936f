import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jarsOf } from './jars.js';
import { ADMIN, CLUSTER_ID, type KafkaOptions, type KafkaPorts, type KafkaServer, scramArguments, serverProperties } from './kafka-server.js';
import { freePorts } from '../free-ports.js';
import { untilReady } from './ready.js';

const execute = promisify(execFile);

const JVM = ['-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
const FORMAT_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** Of a self-signed certificate that lives as long as one test. */
const KEYSTORE_PASSWORD = 'only-for-tests';
const OUTPUT_CHARACTERS_MAX = 4_000;

/**
 * Runs a command until it ends or this process does, however it dies: the shell reads a pipe that closes with it. Prints
 * the command's process id first.
 */
const WITH_ITS_PARENT = 'exec 3<&0; "$@" </dev/null 3<&- & pid=$!; echo $pid; (cat <&3 >/dev/null; kill -9 $pid 2>/dev/null) & wait $pid';

interface Running {
  readonly shell: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<unknown>;
  /** The end of what it wrote. */
  readonly output: () => string;
}

async function run(command: string, args: readonly string[]): Promise<Running> {
  const shell = spawn('sh', ['-c', WITH_ITS_PARENT, 'sh', command, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(shell, 'exit').then(() => shell.stdin?.end());
  shell.stdin?.on('error', () => undefined); // the shell has ended already
  let output = '';
  const keep = (text: Buffer): void => void (output = (output + text.toString()).slice(-OUTPUT_CHARACTERS_MAX));
  shell.stderr?.on('data', keep);
  const [first] = (await once(shell.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  shell.stdout?.on('data', keep);
  return { shell, pid: Number.parseInt(first.toString(), 10), ended, output: () => output };
}

/** Key and self-signed certificate of 127.0.0.1, made by Java's own keytool. */
async function makeKeystore(directory: string): Promise<{ readonly path: string; readonly password: string; readonly certificate: string }> {
  const path = join(directory, 'keystore.p12');
  const store = ['-keystore', path, '-storetype', 'PKCS12', '-storepass', KEYSTORE_PASSWORD, '-alias', 'broker'];
  const subject = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=IP:127.0.0.1', '-validity', '2'];
  await execute('keytool', ['-genkeypair', ...store, '-keyalg', 'EC', ...subject], { timeout: FORMAT_TIMEOUT_MS });
  const { stdout } = await execute('keytool', ['-exportcert', '-rfc', ...store], { timeout: FORMAT_TIMEOUT_MS });
  return { path, password: KEYSTORE_PASSWORD, certificate: stdout };
}

/** A broker of Apache Kafka's own jars in a process of its own, data in a temporary directory. */
export class JarBroker implements KafkaServer {
  readonly origin = 'jars';
  readonly admin = ADMIN;
  #running: Running | undefined;

  private constructor(
    readonly version: string,
    private readonly libraries: string,
    private readonly directory: string,
    private readonly ports: KafkaPorts,
    readonly certificate: string,
  ) {}

  static async start({ version, users = [], properties }: KafkaOptions): Promise<JarBroker> {
    const libraries = await jarsOf(version);
    const directory = await mkdtemp(join(tmpdir(), 'renkei-kafka-'));
    try {
      const [plain, sasl, tls, proxied, advertised, controller] = (await freePorts(6)) as readonly [number, number, number, number, number, number];
      const ports = { plain, sasl, tls, proxied, advertised, controller };
      const { certificate, ...keystore } = await makeKeystore(directory);
      const dataDirectory = join(directory, 'data');
      const text = serverProperties({ ports, dataDirectory, host: '127.0.0.1', keystore, ...(properties ? { more: properties } : {}) });
      await writeFile(join(directory, 'server.properties'), text);
      const broker = new JarBroker(version, libraries, directory, ports, certificate);
      await broker.#format([ADMIN, ...users]);
      await broker.restart();
      return broker;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get brokers(): readonly string[] {
    return [`127.0.0.1:${this.ports.plain}`];
  }
  get saslBrokers(): readonly string[] {
    return [`127.0.0.1:${this.ports.sasl}`];
  }
  get tlsBrokers(): readonly string[] {
    return [`127.0.0.1:${this.ports.tls}`];
  }
  get proxy(): KafkaServer['proxy'] {
    return { listen: this.ports.advertised, target: this.ports.proxied };
  }

  #java(mainClass: string, ...args: string[]): [string, string[]] {
    return ['java', [...JVM, '-cp', join(this.libraries, '*'), mainClass, ...args]];
  }

  async #format(users: Parameters<typeof scramArguments>[0]): Promise<void> {
    const config = join(this.directory, 'server.properties');
    const [command, args] = this.#java('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config, ...scramArguments(users));
    await execute(command, args, { timeout: FORMAT_TIMEOUT_MS });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.kill();
    const running = await run(...this.#java('kafka.Kafka', join(this.directory, 'server.properties')));
    this.#running = running;
    try {
      await untilReady(this.brokers, () => (running.shell.exitCode === null ? undefined : `the broker ended: ${running.output()}`));
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.directory, { recursive: true, force: true });
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const signalled = (name: NodeJS.Signals): void => {
      if (running.shell.exitCode === null) process.kill(running.pid, name);
    };
    signalled(signal);
    const impatient = setTimeout(() => signalled('SIGKILL'), STOP_TIMEOUT_MS);
    await running.ended.finally(() => clearTimeout(impatient));
  }
}
