import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '../../src/config/read-settings.ts';
import { Instruments } from '../../src/metrics/instruments.ts';
import { collectProcessMetrics } from '../../src/metrics/prometheus.ts';
import { buildSources } from '../set-up/build.mjs';
import { policyFaults } from './policy.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name) => readFileSync(join(root, name), 'utf8');
const { version } = JSON.parse(read('package.json'));
const manifests = readdirSync(join(root, 'k8s'), { recursive: true })
  .map((name) => join('k8s', name))
  .filter((name) => name.endsWith('.yaml'));

/** Finds the service's variables in the forms `NAME=value` and `NAME: value`. */
function settingsIn(text) {
  return Object.fromEntries(
    [...text.matchAll(/^[\s\w]*?(WELLFORMED_\w+)(?:=|: )(\S+)/gm)].map(([, name, value]) => [name, value]),
  );
}

it.each(manifests)('%s is YAML without doubtful places', (name) => {
  for (const document of parseAllDocuments(read(name))) {
    expect([...document.errors, ...document.warnings]).toEqual([]);
  }
});

it('keeps our own rules but for the version of the image, which an overlay gives', () => {
  expect(policyFaults([parse(read('k8s/base/deployment.yaml'))])).toEqual([
    'Deployment wellformed: container wellformed: image wellformed must name a version',
  ]);
});

it.each(['cpu', 'gpu'])('the overlay for %s names the image of this version', (variant) => {
  const { images } = parse(read(`k8s/overlays/${variant}/kustomization.yaml`));
  expect(images).toEqual([expect.objectContaining({ newTag: `${version}-${variant}` })]);
});

it('compose.yaml and the Dockerfile name this version too', () => {
  const { services } = parse(read('compose.yaml'), { merge: true });
  expect(Object.values(services).map(({ image }) => image)).toEqual([
    `wellformed:${version}-cpu`,
    `wellformed:${version}-gpu`,
  ]);
  expect(read('Dockerfile')).toContain(`ARG VERSION=${version}\n`);
});

it('the Dockerfile copies all that the build reads, and nothing keeps it out', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, names]) =>
    names.split(' '),
  );
  const kept = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1).replace(/\/$/, ''));
  const lies = (name, folders) => folders.some((folder) => name === folder || name.startsWith(`${folder}/`));
  const { files, folders } = buildSources;
  for (const name of [...files, ...folders]) {
    expect([name, lies(name, copied), lies(name, kept)]).toEqual([name, true, true]);
  }
});

it('compose.yaml gives each service nothing to write to but its data', () => {
  const { services } = parse(read('compose.yaml'), { merge: true });
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      environment: { WELLFORMED_HOST_NAMES: 'none' },
      security_opt: ['no-new-privileges:true'],
      ports: [expect.stringMatching(/^127\.0\.0\.1:/)],
      deploy: { resources: { limits: { memory: expect.any(String) } } },
    });
    expect(service.privileged).toBeUndefined();
  }
});

it.each(['Dockerfile', 'compose.yaml', 'k8s/base/settings.env'])(
  '%s sets settings that there are',
  (name) => {
    const settings = settingsIn(read(name));
    expect(Object.keys(settings)).not.toEqual([]);
    expect(readSettings(settings).warnings).toEqual([]);
  },
);

it('the probes ask routes that there are', () => {
  const [container] = parse(read('k8s/base/deployment.yaml')).spec.template.spec.containers;
  const { paths } = JSON.parse(read('openapi/openapi.json'));
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    expect(paths).toHaveProperty([container[probe].httpGet.path, 'get']);
  }
  expect(read('Dockerfile')).toContain(`WELLFORMED_PORT=${container.ports[0].containerPort} `);
});

it('what is asked for by the name of a port finds one, and metrics have their own', () => {
  const [{ ports }] = parse(read('k8s/base/deployment.yaml')).spec.template.spec.containers;
  const portOf = Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort]));
  expect(portOf).toEqual({ http: expect.any(Number), metrics: expect.any(Number) });
  const { WELLFORMED_METRICS_PORT } = settingsIn(read('k8s/base/settings.env'));
  expect(portOf.metrics).toBe(Number(WELLFORMED_METRICS_PORT));

  const service = parse(read('k8s/base/service.yaml')).spec.ports.map(({ name }) => name);
  expect(service).toEqual(['http', 'metrics']);
  const monitor = parse(read('k8s/monitoring/service-monitor.yaml')).spec.endpoints;
  expect(monitor.map(({ port }) => port)).toEqual(['metrics']);
  const openTo = (name) => parse(read(name)).spec.ingress.map(({ ports: [{ port }], from }) => [port, from]);
  expect(openTo('k8s/base/network-policy.yaml')).toEqual([['http', undefined]]);
  expect(openTo('k8s/monitoring/network-policy.yaml')).toEqual([['metrics', [expect.any(Object)]]]);
});

/** Parse numbers like kubectl: 0440 is octal. */
const yaml11 = { version: '1.1' };

it('API keys are read from the folder that their Secret is mounted at, which the service cannot write', () => {
  const { containers, volumes } = parse(read('k8s/components/api-keys/keys.yaml'), yaml11).spec.template.spec;
  const [{ env, volumeMounts }] = containers;
  const [{ mountPath, readOnly, subPath }] = volumeMounts;
  const [{ secret }] = volumes;
  expect({ readOnly, subPath }).toEqual({ readOnly: true, subPath: undefined });
  expect(env).toEqual([{ name: 'WELLFORMED_API_KEYS_FILE', value: `${mountPath}/${secret.items[0].path}` }]);
  expect(secret.defaultMode).toBe(0o440);
});

describe('monitoring', () => {
  const alerts = parse(read('k8s/monitoring/alerts.yaml')).spec.groups.flatMap(({ rules }) => rules);
  const dashboard = JSON.parse(read('k8s/monitoring/dashboard.json'));
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  /**
   * The metric names that Prometheus stores from the service. Those of the kubelet and of Prometheus itself
   * are not included.
   */
  async function knownNames() {
    const { registry } = new Instruments();
    collectProcessMetrics(registry);
    const suffixes = { histogram: ['_bucket', '_sum', '_count'], summary: ['', '_sum', '_count'] };
    const metrics = await registry.getMetricsAsJSON();
    return metrics.flatMap(({ name, type }) => (suffixes[type] ?? ['']).map((suffix) => name + suffix));
  }

  it.each([
    ['alerts', alerts.map(({ expr }) => expr)],
    ['the dashboard', queries],
  ])('%s ask for metrics that there are', async (_what, expressions) => {
    const asked = expressions.flatMap(
      (text) => text.match(/\b(?:wellformed|process|nodejs)_\w+(?=\{)/g) ?? [],
    );
    expect(asked.length).toBeGreaterThan(10);
    expect(await knownNames()).toEqual(expect.arrayContaining([...new Set(asked)]));
  });

  it('docs/operations.md explains every metric as the page does', async () => {
    const rows = [...read('docs/operations.md').matchAll(/^\| `(wellformed_\w+)` +\| (.*?) +\|$/gm)];
    const told = Object.fromEntries(rows.map(([, name, help]) => [name, help]));
    const metrics = await new Instruments().registry.getMetricsAsJSON();
    expect(told).toEqual(Object.fromEntries(metrics.map(({ name, help }) => [name, help])));
  });

  it('every alert has a section in the runbook', () => {
    const [, ...sections] = read('docs/operations.md').split(/^### /m);
    const advised = sections.filter((section) => /\n\n\S/.test(section));
    const headings = advised.map((section) => section.split('\n', 1)[0]);
    expect(alerts.map(({ alert }) => alert).filter((name) => !headings.includes(name))).toEqual([]);
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    }
  });

  it('every alert has a test', () => {
    const tests = read('k8s/monitoring/alerts.test.yaml');
    expect(alerts.map(({ alert }) => alert).filter((name) => !tests.includes(name))).toEqual([]);
  });
});

it('what the workflows run is there', () => {
  const { scripts } = JSON.parse(read('package.json'));
  for (const name of readdirSync(join(root, '.github', 'workflows'))) {
    const commands = read(`.github/workflows/${name}`).matchAll(/npm (?:run )?([\w:-]+)/g);
    for (const [, script] of commands) expect(scripts).toHaveProperty([script]);
  }
  expect(existsSync(join(root, 'SECURITY.md'))).toBe(true);
});
