import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Metrics } from '#libs/platform';
import { deployFiles, fromYaml, itWith, read, ROOT, run } from './support.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
const { groups } = fromYaml<{ groups: { name: string; rules: Rule[] }[] }>(read('deploy/monitoring/alerts.yaml'));
const rules = groups.flatMap((group) => group.rules);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string }[];
}
const { panels } = JSON.parse(read('deploy/monitoring/grafana/dashboards/renkei.json')) as { panels: Panel[] };

/** Source files of libs and apps that ship. */
const sources = ['libs', 'apps'].flatMap((top) =>
  readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.ts$/.test(path) && !/\.(?:spec|fixture|contract)\.ts$/.test(path))
    .map((path) => readFileSync(join(ROOT, top, path), 'utf8')),
);
/** Where a metric is made: `name: '…'` of prom-client, or a local function that makes a gauge. */
const MADE = /(?:\bname:\s*|\b(?:gauge|counter|histogram)\(\s*)'(renkei_[a-z_]+)'/g;
const HISTOGRAMS = /new Histogram\(\{\s*name:\s*'(renkei_[a-z_]+)'/g;
const matches = (pattern: RegExp): string[] => sources.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));

/** Names of all metrics: what the code names, and what every app has of prom-client, asked of a registry. */
async function knownMetrics(): Promise<Set<string>> {
  const common = await new Metrics('any app', () => 0).registry.getMetricsAsJSON();
  const histograms = common.filter(({ type }) => String(type) === 'histogram').map(({ name }) => name);
  const parts = [...histograms, ...matches(HISTOGRAMS)].flatMap((name) => ['_bucket', '_sum', '_count'].map((ending) => name + ending));
  return new Set([...common.map(({ name }) => name), ...parts, ...matches(MADE), 'up']);
}
const LABELS = new Set(['app', 'job', 'instance', 'le', ...matches(/labelNames: \[([^\]]*)\]/g).flatMap((list) => list.match(/\w+/g) ?? [])]);

const WORDS = new Set(['sum', 'max', 'min', 'by', 'without', 'rate', 'increase', 'histogram_quantile', 'or', 'and', 'unless', 'on', 'ignoring', 'clamp_min']);

/** Names of metrics and of labels in a PromQL text. */
function namesIn(expression: string): { metrics: string[]; labels: string[] } {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\[[^\]]*\]/g, '');
  const selectors = [...bare.matchAll(/\{([^}]*)\}/g)].flatMap((match) => (match[1] ?? '').match(/[a-z_]+(?=\s*(?:=|!|~))/g) ?? []);
  const groupings = [...bare.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap((match) => (match[1] ?? '').match(/\w+/g) ?? []);
  const rest = bare.replace(/\{[^}]*\}/g, '').replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '');
  const metrics = (rest.match(/(?<![\w.])[a-zA-Z_:][\w:]*/g) ?? []).filter((word) => !WORDS.has(word));
  return { metrics, labels: [...selectors, ...groupings] };
}

const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
];

describe('alerts and dashboard', () => {
  it.each(expressions)('%s: names metrics and labels that the code has', async (_title, expression) => {
    const known = await knownMetrics();
    const { metrics, labels } = namesIn(expression);
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((name) => !known.has(name))).toEqual([]);
    expect(labels.filter((name) => !LABELS.has(name))).toEqual([]);
  });

  it('would be found out with a metric or a label that does not exist', async () => {
    const { metrics, labels } = namesIn('sum by (apo) (rate(renkei_http_request_total{cod="x"}[5m])) > 1');
    expect(metrics.filter((name) => name !== 'renkei_http_request_total')).toEqual([]);
    expect((await knownMetrics()).has('renkei_http_request_total')).toBe(false);
    expect(labels.filter((name) => !LABELS.has(name))).toEqual(['cod', 'apo']);
  });

  it('show every metric that an app has of its own', () => {
    const shown = new Set(expressions.flatMap(([, expression]) => namesIn(expression).metrics));
    const own = new Set(matches(MADE).map((name) => (shown.has(`${name}_bucket`) ? `${name}_bucket` : name)));
    expect([...own].filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('alerts', () => {
  it('have a severity, a summary, and a runbook with that heading', () => {
    const headings = (file: string): string[] => [...read(file).matchAll(/^<a id="([a-z-]+)"><\/a>$/gm)].map((match) => match[1] ?? '');
    const wrong = rules.filter(({ labels, annotations }) => {
      const [file = '', heading = ''] = annotations.runbook.split('#');
      return !['critical', 'warning'].includes(labels.severity) || annotations.summary === '' || !headings(file).includes(heading);
    });
    expect(wrong.map(({ alert }) => alert)).toEqual([]);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  itWith('promtool')('are rules that Prometheus takes', () => {
    expect(run('promtool', ['check', 'rules', 'deploy/monitoring/alerts.yaml'])).toContain(`${rules.length} rules found`);
    expect(run('promtool', ['check', 'config', 'deploy/monitoring/prometheus.yaml'])).toContain('SUCCESS');
  });

  itWith('promtool')('fire when they should, and only then', () => {
    expect(run('promtool', ['test', 'rules', 'deploy/monitoring/alerts.test.yaml'])).toContain('SUCCESS');
  });
});

describe('the dashboard', () => {
  it('has panels that do not overlap, each under an id of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) => Array.from({ length: h * w }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`));
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it('asks the data source that Grafana is given', () => {
    expect(deployFiles('datasources/prometheus.yaml')).toHaveLength(1);
    expect(read('deploy/monitoring/grafana/dashboards/renkei.json')).not.toMatch(/"uid": "(?!\$\{datasource\}"|renkei")/);
  });

  it('is scraped from every server of the compose file', () => {
    const { scrape_configs } = fromYaml<{ scrape_configs: { static_configs: { targets: string[] }[] }[] }>(read('deploy/monitoring/prometheus.yaml'));
    const { servers } = JSON.parse(read('deploy/compose/network.json')) as { servers: { url: string }[] };
    const hosts = ['core:7100', ...servers.map(({ url }) => url.replace('http://', ''))];
    expect(scrape_configs[0]?.static_configs[0]?.targets).toEqual(hosts);
  });
});
