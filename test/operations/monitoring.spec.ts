import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { DatasetDto, RunDto } from '../../packages/client/src/index.js';
import { newApiKey } from '../support/api-keys.js';
import { formOf } from '../support/http.js';
import { practiceRows } from '../support/practice-rows.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { hasProgram } from './support/needs.js';
import { promtool, startPrometheus, writeRules, type Prometheus } from './support/prometheus.js';

/* A real Prometheus scrapes the real service while that is used: what the dashboard and the alerts ask for is there. */

const ADVICE = 'Install Prometheus: `apt-get install prometheus`, or from prometheus.io/download.';
const hasPrometheus =
  hasProgram('promtool', ['--version'], ADVICE) && hasProgram('prometheus', ['--version'], ADVICE);
const hasGpu = hasPrometheus && hasProgram('nvidia-smi', [], 'Panels of the GPU stay empty without a card.');

interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[];
  templating: { list: { name: string; query: string | { query: string } }[] };
}
const dashboard = JSON.parse(readFileSync('k8s/monitoring/dashboard.json', 'utf8')) as Dashboard;
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }): [string, string] => [title, expr]),
);
const { spec } = parse(readFileSync('k8s/monitoring/alerts.yaml', 'utf8')) as {
  spec: { groups: { rules: { alert: string; expr: string }[] }[] };
};
const rules = spec.groups.flatMap((group) => group.rules);

/** What the dashboard puts in for its variables. */
const filledIn = (expression: string) =>
  expression.replaceAll('$job', 'wellformed').replaceAll('$__rate_interval', '1m');

describe.skipIf(!hasPrometheus)('monitoring', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-monitoring-'));
  const data = path.join(folder, 'data');
  const key = newApiKey('head', 'admin');
  const scraper = newApiKey('prometheus', 'metrics');
  let service: RunningService;
  let prometheus: Prometheus;

  beforeAll(async () => {
    cpSync('test/goldens/tiny-bert', path.join(data, 'base-models/tiny-bert'), { recursive: true });
    service = await startServiceProcess({
      data,
      settings: {
        // Everywhere to be had, and the one that tells how much memory it took.
        WELLFORMED_ENGINE: 'wasm',
        WELLFORMED_API_KEYS: `${key.entry},${scraper.entry}`,
      },
    });
    prometheus = await startPrometheus(path.join(folder, 'prometheus'), {
      url: service.url,
      key: scraper.key,
    });
    await useAll();
    await sleep(3000);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  function request(method: string, route: string, body?: FormData | object): Promise<Response> {
    if (body === undefined || body instanceof FormData) {
      return fetch(service.url + route, { method, headers: key.headers, body });
    }
    const headers = { ...key.headers, 'content-type': 'application/json' };
    return fetch(service.url + route, { method, headers, body: JSON.stringify(body) });
  }
  async function json<T>(method: string, route: string, body?: FormData | object): Promise<T> {
    const response = await request(method, route, body);
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async function train(datasetId: string, fields: object): Promise<string> {
    const body = { datasetId, baseModel: 'tiny-bert', learningRate: 1e-3, batchSize: 8, ...fields };
    const { id } = await json<RunDto>('POST', '/train', body);
    for (;;) {
      const run = await json<RunDto>('GET', `/train/${id}`);
      if (run.modelId) return run.modelId;
      if (run.error) throw new Error(run.error.message);
      await sleep(200);
    }
  }

  /** Something of all that the service does, spread over some scrapes. */
  async function useAll(): Promise<void> {
    const { id } = await json<DatasetDto>('POST', '/datasets', formOf(practiceRows(400, 1)));
    await train(id, { epochs: 6, promote: 'always' });
    const other = await train(id, { epochs: 1, promote: 'never' });
    const lines = practiceRows(300, 2).replaceAll(/\t.\n/g, '\n');
    const headers = { ...key.headers, 'content-type': 'text/plain', accept: 'application/x-ndjson' };
    for (let i = 0; i < 6; i++) {
      await json('POST', '/predict', {
        sentences: lines
          .trim()
          .split('\n')
          .slice(50 * i, 50 * i + 50),
      });
      await json('POST', '/predict', { sentence: `The ${i} birds sang.` });
      await (await fetch(`${service.url}/predict`, { method: 'POST', headers, body: lines })).text();
      await request('GET', '/models/mdl_none');
      await sleep(600);
    }
    await json('POST', '/models/production/evaluations', { datasetId: id });
    // A version whose weights are gone cannot take over; and it has learned less.
    writeFileSync(path.join(data, 'models', other, 'model.safetensors'), 'gone');
    await json('PUT', '/aliases/production', { modelId: other });
  }

  it('shows metrics that promtool has nothing to say about', async () => {
    const page = await (await request('GET', '/metrics')).text();
    expect(page).toContain('wellformed_training_steps_total');
    expect(promtool(['check', 'metrics'], { input: page })).toEqual({ ok: true, output: '' });
  });

  it('is scraped with a key that may do nothing else', async () => {
    expect(await prometheus.scrapeError()).toBe('');
    const headers = { authorization: `Bearer ${scraper.key}` };
    expect((await fetch(`${service.url}/models`, { headers })).status).toBe(403);
  });

  it.each(queries)('"%s" has something to show: %s', async (_title, expression) => {
    const series = await prometheus.range(filledIn(expression));
    const numbers = series
      .flatMap(({ values }) => values)
      .filter(([, value]) => Number.isFinite(Number(value)));
    if (expression.includes('wellformed_gpu_') && !hasGpu) expect(series).toEqual([]);
    else expect(numbers).not.toEqual([]);
  });

  it('finds the jobs that the dashboard lets choose from', async () => {
    const { query } = dashboard.templating.list.find(({ name }) => name === 'job')!;
    const text = typeof query === 'string' ? query : query.query;
    const [, selector, label] = /^label_values\((\w+), (\w+)\)$/.exec(text)!;
    expect(await prometheus.labelValues(label!, selector!)).toEqual(['wellformed']);
  });

  it('evaluates every alert', async () => {
    expect(await prometheus.ruleErrors()).toEqual(Object.fromEntries(rules.map(({ alert }) => [alert, ''])));
  });

  it.each(rules)('$alert looks at metrics and labels that there are', async ({ expr }) => {
    const selectors = [...expr.matchAll(/\b(\w+)\{([^}]*)\}/g)];
    expect(selectors).not.toEqual([]);
    for (const [, name, matchers] of selectors) {
      const series = await prometheus.range(`${name}{job="wellformed"}`);
      expect(series, name).not.toEqual([]);
      const labels = new Set(series.flatMap(({ metric }) => Object.keys(metric)));
      for (const [, label] of matchers!.matchAll(/(\w+)[=!]~?"/g)) expect(labels, name).toContain(label);
    }
  });

  it('is alarmed by what is wrong now, and by nothing else', async () => {
    const told = new Set((await prometheus.alerts()).map(({ labels }) => labels.alertname));
    // What the machine has to do besides is not the service's fault.
    for (const alert of ['WellformedDiskFull', 'WellformedEventLoopLate', 'WellformedPredictionsSlow']) {
      told.delete(alert);
    }
    expect(told).toEqual(new Set(['WellformedAliasLagging', 'WellformedDegraded', 'WellformedQualityFell']));
  });

  it('has rules and tests of them that promtool accepts', () => {
    const place = path.join(folder, 'rules');
    cpSync('k8s/monitoring/alerts.test.yaml', path.join(place, 'alerts.test.yaml'));
    const checked = promtool(['check', 'rules', writeRules(place)]);
    expect(checked.ok, checked.output).toBe(true);
    const tested = promtool(['test', 'rules', 'alerts.test.yaml'], { cwd: place });
    expect(tested.ok, tested.output).toBe(true);
  });
});
