import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { loadConfiguration } from '#libs/platform';
import { CONFIGURATIONS, imageEnvironment, isApp, stages, unreadBy } from './compose-file.js';
import { DEPLOY, deployFiles, itWith, manyFromYaml, read, run } from './support.js';
import { edges, type Labels, type NetworkPolicy } from './network-policies.js';

const OVERLAYS = readdirSync(join(DEPLOY, 'kubernetes', 'overlays')).sort();
const PARTIES = ['core', 'ifs-east', 'ifs-west', 'is-east', 'is-west', 'registry'];

interface Reference {
  readonly name: string;
  readonly key: string;
}
interface EnvironmentEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly configMapKeyRef?: Reference; readonly secretKeyRef?: Reference };
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly env: readonly EnvironmentEntry[];
  readonly securityContext: object;
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}
interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string; readonly defaultMode: number } }[];
}
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}
interface StatefulSet extends Resource {
  readonly spec: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  };
}

const built = new Map<string, string>();
function build(overlay: string): string {
  const text = built.get(overlay) ?? run('kustomize', ['build', join('deploy', 'kubernetes', 'overlays', overlay)]);
  built.set(overlay, text);
  return text;
}
const resources = (overlay: string): Resource[] => manyFromYaml<Resource>(build(overlay));
const ofKind = <T extends Resource>(overlay: string, kind: string): T[] => resources(overlay).filter((resource) => resource.kind === kind) as T[];
const statefulSets = (overlay: string): StatefulSet[] => ofKind<StatefulSet>(overlay, 'StatefulSet');
const podOf = ({ spec }: StatefulSet): PodSpec => spec.template.spec;
const containerOf = (set: StatefulSet): Container => podOf(set).containers[0];
const appOf = (set: StatefulSet): string => containerOf(set).image.replace(/^.*\/|:.*$/g, '');

/** The environment that a container gets, with an example in place of what a Secret holds. */
function environmentOf(overlay: string, set: StatefulSet): Record<string, string> {
  const maps = new Map(ofKind(overlay, 'ConfigMap').map(({ metadata, data }) => [metadata.name, data ?? {}]));
  const { envFrom, env } = containerOf(set);
  const given = env.map(({ name, value, valueFrom }) => {
    const map = valueFrom?.configMapKeyRef;
    if (map !== undefined) return [name, maps.get(map.name)?.[map.key] ?? ''];
    return [name, valueFrom?.secretKeyRef === undefined ? (value ?? '') : 'esdb://eventstoredb:2113'];
  });
  const maps_ = envFrom.map(({ configMapRef }) => maps.get(configMapRef.name) ?? {});
  return Object.assign({}, imageEnvironment(appOf(set)), ...maps_, Object.fromEntries(given)) as Record<string, string>;
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-kubernetes-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const withKustomize = itWith('kustomize');

describe.each(OVERLAYS)('the manifests of %s', (overlay) => {
  itWith('kustomize', 'kubernetes-validate')('are what the API of Kubernetes takes, with no field that it does not know', () => {
    const file = join(directory, `${overlay}.yaml`);
    writeFileSync(file, build(overlay));
    expect(run('kubernetes-validate', ['--strict', file])).not.toMatch(/ERROR|WARN/);
    writeFileSync(file, build(overlay).replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'));
    expect(() => run('kubernetes-validate', ['--strict', file])).toThrow(/readOnlyRootFileSystem/);
  });

  withKustomize('run every party once, each under its own name', () => {
    expect(statefulSets(overlay).map(({ metadata }) => metadata.name)).toEqual(PARTIES);
    for (const { metadata, spec } of statefulSets(overlay))
      expect({ name: metadata.name, replicas: spec.replicas, service: spec.serviceName }).toEqual({ name: metadata.name, replicas: 1, service: metadata.name });
    expect(ofKind(overlay, 'Service').map(({ metadata }) => metadata.name)).toEqual(PARTIES);
    expect(
      new Set(
        resources(overlay)
          .filter(({ kind }) => !['Namespace', 'PriorityClass'].includes(kind))
          .map(({ metadata }) => metadata.namespace),
      ).size,
    ).toBe(1);
  });

  withKustomize('give each app all that its configuration asks for, and nothing that nobody reads', () => {
    for (const set of statefulSets(overlay)) {
      const app = appOf(set);
      if (!isApp(app)) throw new Error(`${app} is no app`);
      const { NODE_ENV: _node, UV_THREADPOOL_SIZE: _threads, ...environment } = environmentOf(overlay, set); // what Node itself reads
      expect(() => loadConfiguration(CONFIGURATIONS[app], environment)).not.toThrow();
      expect(unreadBy(app, environment)).toEqual([]);
      expect(environment['SERVER_ID'] ?? 'core').toBe(set.metadata.name);
      if (app !== 'core') expect(environment['CORE_LEDGER_KEY']?.startsWith(`${environment['DEPLOYMENT']}/core/`)).toBe(true);
    }
  });

  withKustomize('use images that the Dockerfile has, by a version, on the port that they expose', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    for (const set of statefulSets(overlay)) {
      const { image, ports } = containerOf(set);
      expect(image).toMatch(new RegExp(`^registry\\.example/renkei/[a-z-]+:${version.replaceAll('.', '\\.')}$`));
      expect(ports).toEqual([{ name: 'http', containerPort: Number(imageEnvironment(appOf(set))['PORT']) }]);
      expect(environmentOf(overlay, set)['PORT']).toBe(String(ports[0]?.containerPort));
      expect(stages().map(({ name }) => name)).toContain(appOf(set));
    }
  });

  withKustomize('probe the paths that every app answers: liveness never asks for what others depend on', () => {
    const routes = [...read('libs/platform/src/http/http-app.ts').matchAll(/instance\.get\('(\/health\/[a-z]+)'/g)].map((match) => match[1]);
    for (const set of statefulSets(overlay)) {
      const { startupProbe, livenessProbe, readinessProbe } = containerOf(set);
      const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
      expect(paths).toEqual(['/health/live', '/health/live', '/health/ready']);
      expect(routes).toEqual(expect.arrayContaining(paths));
    }
  });

  withKustomize('run as nobody, without privileges, with nothing writable but volumes', () => {
    for (const set of statefulSets(overlay)) {
      const { securityContext, automountServiceAccountToken, terminationGracePeriodSeconds } = podOf(set);
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } });
      expect(automountServiceAccountToken).toBe(false);
      expect(terminationGracePeriodSeconds).toBeGreaterThan(30);
      const { securityContext: own, resources: limits } = containerOf(set);
      expect(own).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      expect(limits).toMatchObject({
        requests: { cpu: expect.any(String) as unknown, memory: expect.any(String) as unknown },
        limits: { memory: expect.any(String) as unknown },
      });
    }
  });

  withKustomize('keep data and keys on volumes apart', () => {
    for (const set of statefulSets(overlay)) {
      expect(set.spec.volumeClaimTemplates.map(({ metadata }) => metadata.name)).toEqual(['data', 'keys']);
      const mounts = new Map(containerOf(set).volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
      const environment = environmentOf(overlay, set);
      expect(environment['DATA_DIRECTORY']?.startsWith(`${mounts.get('data')}/`)).toBe(true);
      expect(environment['KEYS_DIRECTORY']?.startsWith(`${mounts.get('keys')}/`)).toBe(true);
    }
  });

  withKustomize('name secrets and contain none: each party its own, closed to others', () => {
    expect(ofKind(overlay, 'Secret')).toEqual([]);
    for (const set of statefulSets(overlay)) {
      const references = containerOf(set).env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []);
      const mounted = podOf(set).volumes.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
      expect([...references, ...mounted.map(({ secretName }) => secretName)].filter((name) => name !== set.metadata.name)).toEqual([]);
      expect(mounted.filter(({ defaultMode }) => (defaultMode & 0o007) !== 0)).toEqual([]);
    }
    const values = ofKind(overlay, 'ConfigMap').flatMap(({ data = {} }) => Object.entries(data));
    expect(values.filter(([name, value]) => /PASSWORD|SECRET|TOKEN/.test(name) || /:\/\/[^/@]*:[^/@]*@/.test(value))).toEqual([]);
  });

  withKustomize('let parties talk along the true hops, and no others', () => {
    const policies = ofKind<NetworkPolicy & Resource>(overlay, 'NetworkPolicy');
    const pods = statefulSets(overlay).map((set) => ({
      name: set.metadata.name,
      labels: set.spec.template.metadata.labels,
      port: containerOf(set).ports[0]?.containerPort ?? 0,
    }));
    const hops = [
      ['is-east', 'ifs-east'],
      ['ifs-east', 'is-east'],
      ['is-west', 'ifs-west'],
      ['ifs-west', 'is-west'],
      ['ifs-east', 'ifs-west'],
      ['ifs-west', 'ifs-east'],
      ...['ifs-east', 'ifs-west'].flatMap((name) => [
        [name, 'core'],
        ['core', name],
      ]),
      ['is-east', 'core'],
      ['is-west', 'core'],
      ['registry', 'core'],
    ].map(([from, to]) => `${from} → ${to}`);
    expect(edges(policies, pods).sort()).toEqual(hops.sort());
    expect(edges([], pods)).toHaveLength(PARTIES.length * (PARTIES.length - 1));
  });

  withKustomize('take no more than one party away at a time', () => {
    const budgets = ofKind<Resource & { spec: object }>(overlay, 'PodDisruptionBudget');
    expect(budgets.map(({ spec }) => spec)).toEqual([
      expect.objectContaining({ maxUnavailable: 1, selector: { matchLabels: { 'app.kubernetes.io/part-of': 'renkei' } } }),
    ]);
  });
});

describe('the manifests', () => {
  itWith('kustomize')('are used whole: no file of the base is left out', () => {
    const text = OVERLAYS.map(build).join('\n');
    const kinds = deployFiles('.yaml').filter((path) => path.startsWith('deploy/kubernetes/base/apps/') && path.endsWith('stateful-set.yaml'));
    expect(kinds.map((path) => path.split('/')[4]).filter((app) => !text.includes(`renkei/${app}:`))).toEqual([]);
  });
});
