import { CoreConfiguration } from '../../apps/core/src/configuration.js';
import { InterfaceSystemConfiguration } from '../../apps/interface-system/src/configuration.js';
import { IntermediateServerConfiguration } from '../../apps/intermediate-server/src/configuration.js';
import { ResidentRegistryConfiguration } from '../../apps/resident-registry/src/configuration.js';
import { checkEnvironmentExample, parseEnvironmentFile } from '#libs/platform';
import { fromYaml, read } from './support.js';

const CLASSES = {
  core: CoreConfiguration,
  'interface-system': InterfaceSystemConfiguration,
  'intermediate-server': IntermediateServerConfiguration,
  'resident-registry': ResidentRegistryConfiguration,
} as const;
export type AppName = keyof typeof CLASSES;
/** The class that each app reads its environment by. */
export const CONFIGURATIONS: Readonly<Record<AppName, new () => object>> = CLASSES;
export const isApp = (name: string | undefined): name is AppName => name !== undefined && name in CONFIGURATIONS;

export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly user?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}
export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** What prepare.sh leaves in `.env`. */
export const composeVariables = (): Readonly<Record<string, string>> => ({ ...parseEnvironmentFile(read('deploy/compose/.env.example')), RENKEI_GID: '1000' });

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, as Compose replaces them. Throws where a value is missing. */
export function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (whole, name: string, operator: string | undefined, word: string | undefined) => {
    const value = variables[name] ?? '';
    if (value !== '') return value;
    if (operator === '-') return word ?? '';
    throw new Error(`${name} has no value (${whole})`);
  });
}

export const composeText = (): string => interpolate(read('deploy/compose/compose.yaml'), composeVariables());
export const composeFile = (): ComposeFile => fromYaml<ComposeFile>(composeText());

/** `[service, app]` of those that run one of the apps. */
export function appServices({ services }: ComposeFile): [string, AppName, Service][] {
  return Object.entries(services).flatMap(([name, service]) => {
    const target = service.build?.target;
    return isApp(target) ? [[name, target, service] as [string, AppName, Service]] : [];
  });
}

interface Stage {
  readonly name: string;
  readonly from: string;
  readonly lines: readonly string[];
}

/** Stages of the Dockerfile in order, continued lines joined, comments left out. */
export function stages(): Stage[] {
  const text = read('deploy/docker/Dockerfile')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, '');
  return text
    .split(/^(?=FROM )/m)
    .filter((part) => part.startsWith('FROM '))
    .map((part) => {
      const [head = '', ...lines] = part.split('\n').map((line) => line.trim());
      const [, from = '', name = ''] = /^FROM (\S+) AS (\S+)$/.exec(head) ?? [];
      return { name, from, lines: lines.filter((line) => line !== '') };
    });
}

/** Variables that the images of a target set. */
export function imageEnvironment(target: string): Readonly<Record<string, string>> {
  const stage = stages().find(({ name }) => name === target);
  if (stage === undefined) return {};
  const own = stage.lines.flatMap((line) => (line.startsWith('ENV ') ? line.slice(4).split(/\s+/) : []));
  return { ...imageEnvironment(stage.from), ...parseEnvironmentFile(own.join('\n')) };
}

/** Public values as keys.mjs pins them, of the right form. */
export const PINS_EXAMPLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'core.env': {
    CORE_PUBLIC_KEY: 'A'.repeat(43),
    CORE_LEDGER_KEY: 'renkei.example/core/1+257b0a3e+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  },
  'operators.env': { OPERATORS: `operator:${'A'.repeat(43)}` },
};

/** All that a process of this service finds in its environment, `pins` in place of the files that it is started with. */
export function environmentOf(service: Service, pins: Readonly<Record<string, Readonly<Record<string, string>>>> = PINS_EXAMPLE): Record<string, string> {
  const files = (service.command ?? []).flatMap((argument) => /^--env-file=.*\/([^/]+)$/.exec(argument)?.[1] ?? []);
  const pinned = Object.assign({}, ...files.map((file) => pins[file] ?? {})) as Record<string, string>;
  return { ...pinned, ...imageEnvironment(service.build?.target ?? ''), ...service.environment };
}

/** Variables that an app does not read. */
export function unreadBy(app: AppName, environment: Readonly<Record<string, string>>): string[] {
  const text = Object.entries(environment).map(([variable, value]) => `${variable}=${value}`);
  return checkEnvironmentExample(CONFIGURATIONS[app], text.join('\n')).flatMap((finding) => /^(\S+) is read by nobody$/.exec(finding)?.[1] ?? []);
}
