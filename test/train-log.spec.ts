import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunLogLineDto } from '../packages/client/src/index.js';
import type { RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';
import { quick, slow, startTrainer, tinyBaseModels } from './support/trainer.js';

/* What a run leaves in its log. A module that Node loads before the training makes its thread print or fail, as the name of the run says. */

const LINES = 3000;

const preloaded = `
import { workerData } from 'node:worker_threads';
if (workerData?.modelName === 'talks') {
  console.error('\\u001b[31mcareful\\u001b[0m');
  for (let line = 1; line <= ${LINES}; line++) console.log('line ' + line);
}
if (workerData?.modelName === 'fails') {
  Object.defineProperty(workerData, 'hyperparameters', {
    get() { throw new RangeError('No such column in ' + workerData.training.path); },
  });
}`;

const baseModels = tinyBaseModels();

describe('the log of a run', { timeout: 120_000 }, () => {
  let service: RunningService;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'wellformed-log-'));
    const file = path.join(folder, 'preloaded.mjs');
    writeFileSync(file, preloaded);
    service = await startTrainer(baseModels, {
      settings: { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` },
    });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  const dataset = shared(() => service.client.uploadPractice(60, 1));
  const ended = async (name?: string) => {
    const { id } = await service.client.start({ ...quick(await dataset()), ...(name && { name }) });
    return service.client.untilEnded(id);
  };
  const trained = shared(() => ended());
  const talkative = shared(() => ended('talks'));
  const failed = shared(() => ended('fails'));
  const logOf = async (id: string, query: { limit?: number; cursor?: string } = { limit: 1000 }) =>
    service.client.api.training.log({ path: { id }, query });
  const plain = (id: string) => service.client.text(`/train/${id}/log`, { accept: 'text/plain' });

  it('tells from its queueing to its model what happened', async () => {
    const { id, modelId, plan, totalSteps } = await trained();
    const { items, nextCursor } = await logOf(id);
    const said = items.filter(({ source }) => source === 'service').map(({ text }) => text);
    expect(said[0]).toBe('Status: queued.');
    expect(said[1]).toBe('Status: preparing. Attempt 1.');
    expect(said).toContainEqual(expect.stringMatching(/^Engine: .*WebAssembly/));
    expect(said).toContainEqual(
      `Plan: ${totalSteps} steps on ${plan!.trainingRows} training rows, ${plan!.validationRows} validation rows, at most ${plan!.maxLength} tokens a sentence.`,
    );
    expect(said).toContainEqual(
      expect.stringMatching(/^Epoch 1: training loss \d\.\d{4}, .*MCC -?\d\.\d{4}\.$/),
    );
    expect(said.at(-1)).toBe(`Status: succeeded. Model: ${modelId}.`);
    expect(items.map(({ sequence }) => sequence)).toEqual(items.map((_, index) => index + 1));
    expect([...new Set(items.map(({ attempt }) => attempt))]).toEqual([0, 1]);
    expect(nextCursor).toBeNull();
  });

  it('is text for those who ask for text, a line each', async () => {
    const { id } = await trained();
    const { items } = await logOf(id);
    expect(await plain(id)).toBe(
      items.map(({ createdAt, source, text }) => `${createdAt} ${source} ${text}\n`).join(''),
    );
    const response = await service.client.request('GET', `/train/${id}/log`, undefined, {
      accept: 'text/plain',
    });
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('vary')).toContain('accept');
    for (const accept of ['*/*', 'application/json, text/plain, */*']) {
      const json = await service.client.request('GET', `/train/${id}/log`, undefined, { accept });
      expect(((await json.json()) as { items: RunLogLineDto[] }).items).toEqual(items);
    }
  });

  it('has what the training process printed, within bounds, and says what is missing', async () => {
    const { id, status } = await talkative();
    expect(status).toBe('succeeded');
    const lines: RunLogLineDto[] = [];
    for (let cursor: string | undefined = '0'; cursor !== undefined;) {
      const page = await logOf(id, { limit: 300, cursor });
      lines.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    }
    expect(lines).toHaveLength(1000);
    expect(lines).toContainEqual(expect.objectContaining({ source: 'stderr', text: 'careful' }));
    const first = lines.find(({ text }) => text === 'line 1')!;
    expect(first.source).toBe('stdout');
    expect(lines.at(-1)!.text).toMatch(/^Status: succeeded\./);
    const last = lines.at(-1)!.sequence;
    expect(last).toBeGreaterThan(LINES);
    expect(lines.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1000 }, (_, index) => (index < 200 ? index + 1 : last - 999 + index)),
    );
    expect(await plain(id)).toContain(`\n(Lines 201 to ${last - 800} were not kept.)\n`);
  });

  it('has the stack of an exception, and the run its message', async () => {
    const { id, status, error, datasetId } = await failed();
    expect(status).toBe('failed');
    expect(error!.message).toMatch(/^The training failed: RangeError: No such column in \S+rows/);
    const { items } = await logOf(id);
    const said = items.filter(({ source }) => source === 'service').map(({ text }) => text);
    const stack = said.slice(
      said.findIndex((text) => text.startsWith('RangeError: No such column in')),
      -1,
    );
    expect(stack.length).toBeGreaterThan(2);
    expect(stack.slice(1).every((text) => text.startsWith('    at '))).toBe(true);
    expect(stack).toContainEqual(expect.stringMatching(/dist\/training\/worker\/job\.js:\d+:\d+/));
    expect(said.at(-1)).toBe(`Status: failed. ${error!.message} (unexpected)`);
    // Which file is meant, and not where on the server it lies.
    const told = JSON.stringify([error, items]);
    expect(told).toContain(datasetId);
    expect(told).not.toContain(service.data);
    expect(told).not.toContain(process.cwd());
    // The operator reads the whole path.
    expect(service.logs()).toMatch(/at .*\/dist\/training\/worker\/job\.js/);
  });

  it('grows while the run is at work, and goes with it', async () => {
    const { id } = await service.client.start(slow(await dataset()));
    await service.client.untilTraining(id);
    const before = await logOf(id);
    expect(before.items.map(({ text }) => text)).toContain('Phase: training.');
    await service.client.cancel(id);
    await service.client.untilEnded(id);
    const after = await logOf(id, { cursor: String(before.items.at(-1)!.sequence) });
    expect(after.items[0]!.sequence).toBe(before.items.at(-1)!.sequence + 1);
    expect(after.items.at(-1)!.text).toBe('Status: cancelled.');
    await service.client.api.training.delete({ path: { id } });
    await service.client.problem(404, 'GET', `/train/${id}/log`);
  });

  it('outlives a service that is killed', async () => {
    const data = path.join(folder, 'data');
    const first = await startTrainer(baseModels, { data });
    const { id } = await first.client.start(slow(await first.client.uploadPractice(60, 1)));
    await first.client.untilTraining(id);
    const text = (from: RunningService) => from.client.text(`/train/${id}/log`, { accept: 'text/plain' });
    const before = await text(first);
    await first.kill();
    const second = await startTrainer(baseModels, { data });
    const after = await text(second);
    await second.stop();
    expect(before).toContain('service Phase: training.');
    expect(after.startsWith(before)).toBe(true);
    expect(after).toMatch(/^\S+ service Status: interrupted\. /m);
  });

  it('refuses what it cannot show', async () => {
    const nobody = '/train/run_00000000000000000000000000/log';
    expect((await service.client.problem(404, 'GET', nobody)).detail).toContain('GET /train lists them');
    await service.client.problem(404, 'GET', nobody, undefined, { accept: 'text/plain' });
    const { id } = await trained();
    for (const query of ['limit=0', 'limit=1001', 'cursor=run_1', 'cursor=-1', 'cursor=9999999999999999']) {
      await service.client.problem(422, 'GET', `/train/${id}/log?${query}`);
    }
  });
});
