import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectDefaultMetrics } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '../../src/config/read-settings.ts';
import { Instruments } from '../../src/metrics/instruments.ts';
import { policyFaults } from './policy.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name) => readFileSync(join(root, name), 'utf8');
const { version } = JSON.parse(read('package.json'));
const manifests = readdirSync(join(root, 'k8s'), { recursive: true })
  .map((name) => join('k8s', name))
  .filter((name) => name.endsWith('.yaml'));

/** `NAME=value` or `NAME: value` of the service's own variables. */
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

it('compose.yaml gives each service nothing to write to but its data', () => {
  const { services } = parse(read('compose.yaml'), { merge: true });
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
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

describe('monitoring', () => {
  const alerts = parse(read('k8s/monitoring/alerts.yaml')).spec.groups.flatMap(({ rules }) => rules);
  const dashboard = JSON.parse(read('k8s/monitoring/dashboard.json'));
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  /** The names that Prometheus stores of what the service shows; the kubelet's and Prometheus' own are not ours. */
  async function knownNames() {
    const { registry } = new Instruments();
    collectDefaultMetrics({ register: registry });
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

  it('every alert has a section in the runbook', () => {
    const headings = read('docs/operations.md')
      .split('\n')
      .filter((line) => line.startsWith('#'))
      .map((line) => line.replace(/^#+ /, ''));
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
