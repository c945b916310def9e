import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetPageDto, RunPageDto } from '../packages/client/src/index.js';
import { newApiKey } from './support/api-keys.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';

// The command as a user gives it, on the tiny BERT of the goldens: a small model that learns nothing, in seconds.
const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-demo-'));
const baseModels = path.join(folder, 'base-models');
const settings = { WELLFORMED_BASE_MODELS: baseModels, WELLFORMED_ENGINE: 'wasm' };
const key = newApiKey('newcomer', 'predict', 'train');
const pupil = newApiKey('pupil', 'predict');

const judgements =
  /\n\n {2}[ *] My sister .*\. +[01]\.\d\d\n {2}[ *] The children .*\. +[01]\.\d\d\n {2}[ *] She bought .*\. +[01]\.\d\d\n/;

beforeAll(() => {
  const tinyBert = fileURLToPath(new URL('./goldens/tiny-bert/', import.meta.url));
  cpSync(tinyBert, path.join(baseModels, 'tiny-bert'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run demo, with a service that runs', { timeout: 180_000 }, () => {
  let service: RunningService;
  beforeAll(async () => {
    const entries = [key.entry, pupil.entry].join(',');
    service = await startServiceProcess({ settings: { ...settings, WELLFORMED_API_KEYS: entries } });
  });
  afterAll(() => service.stop());

  const demo = (...args: string[]) => new Demo(['--url', service.url, '--base-model', 'tiny-bert', ...args]);
  const get = async <T>(route: string) =>
    (await (await fetch(service.url + route, { headers: key.headers })).json()) as T;

  /** The first demo of this service, and the runs that it left. */
  const first = shared(async () => {
    const ended = await demo('--key', key.key, '--epochs', '1').ended;
    return { ...ended, runs: (await get<RunPageDto>('/train')).items };
  });

  it('trains on the sample, judges three sentences and says what to do next', async () => {
    const { code, output, errors, runs } = await first();
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(output).toMatch(/Uploaded sample-training.tsv: ds_\w+, 1776 sentences/);
    expect(output).toMatch(/Uploaded sample-validation.tsv: ds_\w+, 444 sentences/);
    expect(output).toMatch(/Epoch 1 of 1: loss \d\.\d+, validation loss \d\.\d+, MCC -?\d\.\d+\n/);

    expect(output).toMatch(judgements);
    expect(output).toContain(`The page: ${service.url}/\n`);
    expect(output).not.toContain(key.key);
    expect(output).not.toContain('\x1b');

    expect(runs).toMatchObject([{ status: 'succeeded', baseModel: 'tiny-bert' }]);
    // The command that it gives for judging.
    const [, address] = /'(http:\S+\/predict\?model=mdl_\w+)'/.exec(output)!;
    const judged = await fetch(address!, { method: 'POST', body: 'We go.', headers: key.headers });
    expect(await judged.json()).toMatchObject({ model: { id: runs[0]!.modelId } });
  });

  it('tells errors in the words of the service, before it does anything', async () => {
    // It would upload the sample before the service refuses the base model.
    await first();
    const noKey = await demo().ended;
    expect([noKey.code, noKey.errors]).toEqual([1, expect.stringContaining('Send an API key')]);
    const wrongKey = await demo('--key', 'wf_wrong').ended;
    expect([wrongKey.code, wrongKey.errors]).toEqual([1, expect.stringContaining('This key is not known')]);
    const pupils = await demo('--key', pupil.key).ended;
    expect([pupils.code, pupils.errors.trim()]).toEqual([
      1,
      'The key pupil lacks the scope train, which the demo needs.',
    ]);
    const unknown = await demo('--key', key.key, '--base-model', '../x').ended;
    expect(unknown.code).toBe(1);
    expect(unknown.errors.match(/cannot be the name of a base model/g)).toHaveLength(1);
    const nowhere = await new Demo(['--url', 'http://127.0.0.1:9']).ended;
    expect([nowhere.code, nowhere.errors.trim()]).toEqual([1, 'No service answers at http://127.0.0.1:9.']);
    const usage = await new Demo(['--nosuch']).ended;
    expect([usage.code, usage.errors]).toEqual([1, expect.stringContaining('Usage: npm run demo')]);
  });

  it('takes the data sets that are there, and cancels its run on Ctrl+C', async () => {
    await first();
    const running = demo('--key', key.key);
    await running.says(/Training on/);
    running.child.kill('SIGINT');
    const { code, output } = await running.ended;
    expect(code).toBe(130);
    expect(output).toMatch(/sample-training.tsv is there already: ds_\w+, 1776 sentences/);
    expect((await get<DatasetPageDto>('/datasets')).items).toHaveLength(2);
    const [, id] = /Cancelled (run_\w+)\./.exec(output)!;
    // The training process ends a moment later.
    const newest = async () => (await get<RunPageDto>('/train?limit=1')).items;
    await expect.poll(newest, { timeout: 20_000 }).toMatchObject([{ id, status: 'cancelled' }]);
  });
});

describe('npm run demo, without a service', { timeout: 180_000 }, () => {
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(path.join(folder, 'data-'));
  });
  // No service answers at this port, which `fetch` does not ask.
  const start = (...args: string[]) =>
    new Demo(['--base-model', 'tiny-bert', ...args], {
      ...settings,
      WELLFORMED_DATA: data,
      WELLFORMED_PORT: '9',
    });

  it('starts one, stops it at the end, and leaves the model in the data folder', async () => {
    const { code, output, errors } = await start('--epochs', '1').ended;
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(output).toContain(`Starting one, with its data in ${data}.`);
    expect(output).toMatch(judgements);
    expect(output).toContain(`WELLFORMED_DATA=${data} npm start`);
    const [, url] = /Service: (http:\S+)/.exec(output)!;
    await expect(fetch(url!)).rejects.toThrow();

    const again = await startServiceProcess({ data, settings });
    const { model } = (await (
      await fetch(`${again.url}/predict`, { method: 'POST', body: 'We go.' })
    ).json()) as { model: { id: string } };
    await again.stop();
    expect(output).toContain(`model ${model.id}.`);
  });

  it('lets it run where told so, until Ctrl+C', async () => {
    const running = start('--keep', '--epochs', '1');
    await running.says(/The service runs on/);
    const [, url] = /Service: (http:\S+)/.exec(running.output)!;
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130 });
    await expect(fetch(url!)).rejects.toThrow();
  });

  it('cancels its run on Ctrl+C, then stops the service', async () => {
    const running = start();
    await running.says(/Training on/);
    const [, url] = /Service: (http:\S+)/.exec(running.output)!;
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130, output: expect.stringMatching(/Cancelled run_/) });
    await expect(fetch(url!)).rejects.toThrow();
  });

  it('says what the service says where it does not start', async () => {
    const user = await startServiceProcess({ data, settings });
    const { code, errors } = await start().ended;
    await user.stop();
    expect(code).toBe(1);
    expect(errors).toContain('is in use by another Wellformed process');
  });
});

class Demo {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<{ code: number | null; output: string; errors: string }>;
  output = '';

  constructor(args: string[], environment: Record<string, string> = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WELLFORMED_'));
    this.child = spawn(process.execPath, ['scripts/demo.mjs', ...args], {
      env: { ...Object.fromEntries(inherited), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    this.child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    this.ended = once(this.child, 'close').then(([code]) => ({
      code: code as number | null,
      output: this.output,
      errors,
    }));
  }

  /** Settles when it has printed such a text. */
  async says(text: RegExp): Promise<void> {
    while (!text.test(this.output)) await Promise.race([once(this.child.stdout, 'data'), this.failure()]);
  }

  private async failure(): Promise<never> {
    const { code, output, errors } = await this.ended;
    throw new Error(`The demo has ended with ${code}:\n${output}\n${errors}`);
  }
}
