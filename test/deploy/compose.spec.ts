import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { loadConfiguration } from '#libs/platform';
import { appServices, composeFile, composeText, CONFIGURATIONS, environmentOf, imageEnvironment, type Service, stages, unreadBy } from './compose-file.js';
import { DEPLOY, fromYaml, read } from './support.js';

const compose = composeFile();
const services = Object.entries(compose.services);
const apps = appServices(compose);
/** They do one thing and end. */
const ONE_SHOT = ['kafka-init', 'keys', 'register', 'cli'];

/** Names of the services for which this does not hold. */
const not = (holds: (service: Service, name: string) => boolean): string[] => services.flatMap(([name, service]) => (holds(service, name) ? [] : [name]));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-compose-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the compose file, as the Compose Specification has it', () => {
  const validate = new Ajv2020({ strict: false, allErrors: true, formats: { duration: true } }).compile(
    JSON.parse(read('test/deploy/fixtures/compose-spec.json')) as object,
  );

  it('fits the JSON Schema of the specification', () => {
    validate(fromYaml(composeText()));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('would not fit it with a key that the specification does not know', () => {
    expect(validate({ services: { core: { image: 'renkei/core', helthcheck: {} } } })).toBe(false);
  });
});

describe('the compose file', () => {
  it('runs every engine and every app, two interface systems and two intermediate servers', () => {
    expect(apps.map(([name, app]) => `${name}: ${app}`)).toEqual([
      'core: core',
      'ifs-east: interface-system',
      'ifs-west: interface-system',
      'is-east: intermediate-server',
      'is-west: intermediate-server',
      'registry: resident-registry',
    ]);
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(['eventstoredb', 'kafka', 'postgres']));
  });

  it('pins every image by a version, none by latest', () => {
    expect(not(({ image }) => /^[a-z0-9./-]+:v?[0-9]+\.[0-9]+\.?[0-9a-z.-]*$/.test(image))).toEqual([]);
  });

  it('publishes ports on loopback only, each once', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports);
    expect(published.filter((port) => !/^127\.0\.0\.1:[0-9]+:[0-9]+$/.test(port))).toEqual([]);
    expect(new Set(published.map((port) => port.split(':')[1])).size).toBe(published.length);
  });

  it('gives the engines no way out, and keeps them from servers without a record', () => {
    expect(compose.networks['engines']).toEqual({ internal: true });
    const onEngines = services.flatMap(([name, { networks = [] }]) => (networks.includes('engines') ? [name] : []));
    expect(onEngines.sort()).toEqual(['cli', 'core', 'eventstoredb', 'is-east', 'is-west', 'kafka', 'kafka-init', 'postgres', 'registry']);
  });

  it('takes privileges away from every container', () => {
    expect(not(({ cap_drop, security_opt }) => cap_drop?.[0] === 'ALL' && security_opt?.[0] === 'no-new-privileges:true')).toEqual([]);
  });

  it("runs this project's own images as nobody, with nothing writable but volumes and /tmp", () => {
    expect(not(({ image, user, read_only }) => !image.startsWith('renkei/') || (user === '65532:65532' && read_only === true))).toEqual([]);
  });

  it('checks the health of all that stays up, and restarts it', () => {
    expect(not(({ healthcheck, restart }, name) => ONE_SHOT.includes(name) || (healthcheck !== undefined && restart === 'unless-stopped'))).toEqual([]);
  });

  it('starts what depends on another when that is healthy, or has ended well', () => {
    const conditions = services.flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).map(([other, { condition }]) => ({ name, other, condition })),
    );
    const wrong = conditions.filter(
      ({ other, condition }) => condition !== (ONE_SHOT.includes(other) ? 'service_completed_successfully' : 'service_healthy') || !(other in compose.services),
    );
    expect(wrong).toEqual([]);
  });

  it('uses networks, volumes and secrets that are declared, and declares none that nobody uses', () => {
    const named = (volumes: readonly string[]): string[] => volumes.map((volume) => volume.split(':')[0] ?? '').filter((source) => !/^[./]/.test(source));
    const used = {
      networks: services.flatMap(([, { networks = [] }]) => networks),
      volumes: services.flatMap(([, { volumes = [] }]) => named(volumes)),
      secrets: services.flatMap(([, { secrets = [] }]) => secrets),
    };
    for (const kind of ['networks', 'volumes', 'secrets'] as const) expect([...new Set(used[kind])].sort()).toEqual(Object.keys(compose[kind]).sort());
  });

  it('mounts only files that are in the repository, or that prepare.sh makes', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? '').filter((source) => /^[./]/.test(source)));
    expect(sources.filter((source) => !source.startsWith('./secrets/') && !existsSync(join(DEPLOY, 'compose', source)))).toEqual([]);
  });

  it('gives every server a volume for its data and another for its keys, which no other server sees', () => {
    for (const [name, , { volumes = [] }] of apps) {
      expect(volumes).toEqual(expect.arrayContaining([`${name}-data:/var/lib/renkei/data`, `${name}-keys:/var/lib/renkei/keys`]));
      const holders = services.flatMap(([other, service]) => (service.volumes?.some((volume) => volume.startsWith(`${name}-keys:`)) ? [other] : []));
      expect(holders.sort()).toEqual(['keys', name].sort());
    }
  });
});

describe('the environment of each server in the compose file', () => {
  it.each(apps)('%s: is what its configuration asks for, and nothing that nobody reads', (_name, app, service) => {
    const environment = environmentOf(service);
    expect(() => loadConfiguration(CONFIGURATIONS[app], environment)).not.toThrow();
    const { NODE_ENV: _node, UV_THREADPOOL_SIZE: _threads, ...own } = environment; // what Node itself reads
    expect(unreadBy(app, own)).toEqual([]);
  });

  it.each(apps)('%s: names itself, listens where the plan and the published port say, beyond loopback only inside', (name, app, service) => {
    const environment = environmentOf(service);
    const port = imageEnvironment(app)['PORT'] ?? '';
    expect(environment).toMatchObject({ HOST: '0.0.0.0', PORT: port });
    expect(service.ports).toEqual([expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:[0-9]+:${port}$`))]);
    expect(stages().find((stage) => stage.name === app)?.lines).toContain(`EXPOSE ${port}`);
    if (name === 'core') return;
    expect(environment['SERVER_ID']).toBe(name);
    const { servers } = JSON.parse(read('deploy/compose/network.json')) as { servers: { id: string; kind: string; url: string }[] };
    expect(servers).toContainEqual({ id: name, kind: app, url: `http://${name}:${port}` });
  });

  it('holds no secret: passwords, keys and tokens are named by files only', () => {
    const suspicious = services.flatMap(([name, { environment = {} }]) =>
      Object.entries(environment)
        .filter(([variable, value]) => (/PASSWORD|SECRET|TOKEN|PRIVATE/.test(variable) && !/_FILE$/.test(variable)) || /:\/\/[^/@]*:[^/@]*@/.test(value))
        .map(([variable]) => `${name}: ${variable}`),
    );
    expect(suspicious).toEqual([]);
  });

  it('names a secret file only where the secret is mounted', () => {
    const missing = services.flatMap(([name, { environment = {}, secrets = [] }]) =>
      Object.values(environment).flatMap((value) => {
        const secret = /^\/run\/secrets\/(.+)$/.exec(String(value))?.[1];
        return secret === undefined || secrets.includes(secret) ? [] : [`${name}: ${secret}`];
      }),
    );
    expect(missing).toEqual([]);
  });

  it('pins one version for all images of this project: that of package.json', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const own = services.filter(([, { image }]) => image.startsWith('renkei/'));
    expect(
      own.flatMap(([name, { image }]) => (image === `renkei/${own.find(([other]) => other === name)?.[1].build?.target}:${version}` ? [] : [name])),
    ).toEqual([]);
  });
});

describe('prepare.sh', () => {
  const prepare = (...codes: string[]) => spawnSync('sh', [join(directory, 'prepare.sh'), ...codes], { encoding: 'utf8' });
  beforeAll(() => {
    for (const name of ['prepare.sh', '.env.example']) cpSync(join(DEPLOY, 'compose', name), join(directory, name));
    expect(prepare('011002')).toMatchObject({ status: 0, stderr: '' });
  });
  const secretOf = (name: string): string => readFileSync(join(directory, 'secrets', name), 'utf8');

  it('makes every secret that the compose file names, and no other', () => {
    const named = Object.values(compose.secrets).map(({ file }) => file.replace('./secrets/', ''));
    expect(readdirSync(join(directory, 'secrets')).sort()).toEqual([...named, 'kafka-agencies'].sort());
    expect(named.filter((name) => !/^[0-9a-f]{64}$/.test(secretOf(name)))).toEqual([]);
    expect(new Set(named.map(secretOf)).size).toBe(named.length);
  });

  it('closes secrets to others', () => {
    expect(statSync(join(directory, 'secrets')).mode & 0o777).toBe(0o750);
    expect(statSync(join(directory, 'secrets', 'kafka_admin')).mode & 0o777).toBe(0o440);
  });

  it('leaves alone what is there, and adds a password for another agency', () => {
    const before = secretOf('kafka_admin');
    writeFileSync(join(directory, '.env'), `${readFileSync(join(directory, '.env'), 'utf8')}# own\n`);
    expect(prepare('011002', '272035').status).toBe(0);
    expect(secretOf('kafka_admin')).toBe(before);
    expect(existsSync(join(directory, 'secrets', 'kafka-agencies', '272035'))).toBe(true);
    expect(readFileSync(join(directory, '.env'), 'utf8').match(/^RENKEI_GID=[0-9]+$/gm)).toHaveLength(1);
  });

  it('refuses what is no agency code', () => {
    expect(prepare('../x').status).toBe(2);
  });
});
