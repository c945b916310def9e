import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { parse, stringify } from 'yaml';

export interface Target {
  /** Of the service, without a slash at the end. */
  url: string;
  /** An API key that may read the metrics. */
  key: string;
}

/** What one query over a span of time gave: series with their labels and values. */
export interface Series {
  metric: Record<string, string>;
  values: [seconds: number, value: string][];
}

export interface Alert {
  labels: Record<string, string>;
  state: 'pending' | 'firing';
}

/** A Prometheus that scrapes the service twice a second, with the alerts of `k8s/monitoring`. */
export interface Prometheus {
  /** All that was stored up to now. @throws with Prometheus' words where it cannot understand the query */
  range(query: string): Promise<Series[]>;
  /** What the service's scrape target has last said; empty where all is well. */
  scrapeError(): Promise<string>;
  /** Each rule, and why it could not be evaluated; empty where it could. */
  ruleErrors(): Promise<Record<string, string>>;
  alerts(): Promise<Alert[]>;
  labelValues(label: string, selector: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** The rules as Prometheus itself reads them, without what the operator wraps around them. */
export function writeRules(folder: string): string {
  const file = path.join(folder, 'alerts.rules.yaml');
  const { spec } = parse(readFileSync('k8s/monitoring/alerts.yaml', 'utf8')) as { spec: unknown };
  writeFileSync(file, stringify(spec));
  return file;
}

/** @returns what promtool said, and whether it was content */
export function promtool(args: string[], options: { cwd?: string; input?: string } = {}) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', ...options });
  return { ok: status === 0, output: `${stdout}${stderr}`.trim() };
}

/**
 * Starts it and waits for its first scrape.
 * @param folder for its files; the caller removes it
 */
export async function startPrometheus(folder: string, { url, key }: Target): Promise<Prometheus> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' },
    rule_files: [writeRules(folder)],
    scrape_configs: [
      {
        job_name: 'wellformed',
        authorization: { credentials: key },
        static_configs: [{ targets: [new URL(url).host] }],
      },
    ],
  };
  writeFileSync(path.join(folder, 'prometheus.yml'), stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exited = once(child, 'exit');
  const started = Date.now();

  const ask = async (route: string, parameters: Record<string, string> = {}): Promise<unknown> => {
    const query = new URLSearchParams(parameters).toString();
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${route}?${query}`);
    const answer = (await response.json()) as { status: string; error?: string; data: unknown };
    if (answer.status !== 'success') throw new Error(`${parameters.query ?? route}: ${answer.error}`);
    return answer.data;
  };
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill();
    await exited;
  };
  const scraped = async () => {
    const targets = (await ask('targets').catch(() => undefined)) as
      { activeTargets: { health: string }[] } | undefined;
    return targets?.activeTargets.some(({ health }) => health !== 'unknown');
  };
  // It begins to scrape some seconds after its start.
  while (!(await scraped())) {
    if (child.exitCode !== null || Date.now() - started > 60_000) {
      await stop();
      throw new Error(`Prometheus did not start: ${said}`);
    }
    await sleep(100);
  }
  return {
    stop,
    range: async (query) => {
      const span = { start: String(started / 1000), end: String(Date.now() / 1000), step: '0.5' };
      return ((await ask('query_range', { query, ...span })) as { result: Series[] }).result;
    },
    scrapeError: async () => {
      const { activeTargets } = (await ask('targets')) as { activeTargets: { lastError: string }[] };
      return activeTargets.map(({ lastError }) => lastError).join();
    },
    ruleErrors: async () => {
      const { groups } = (await ask('rules')) as {
        groups: { rules: { name: string; health: string; lastError?: string }[] }[];
      };
      const rules = groups.flatMap((group) => group.rules);
      return Object.fromEntries(
        rules.map(({ name, health, lastError }) => [name, health === 'ok' ? '' : `${health} ${lastError}`]),
      );
    },
    alerts: async () => ((await ask('alerts')) as { alerts: Alert[] }).alerts,
    labelValues: async (label, selector) =>
      (await ask(`label/${label}/values`, { 'match[]': selector })) as string[],
  };
}
