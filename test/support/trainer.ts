import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import type { DatasetDto } from '../../src/datasets/dto/dataset.dto.js';
import type { RunDto } from '../../src/training/dto/run.dto.js';
import { practiceRows } from './practice-rows.js';
import { startServiceProcess, type RunningService, type ServiceOptions } from './service-process.js';

/*
 * For tests that train the tiny BERT of the goldens through HTTP, in the service as it is built, on sentences whose first two
 * words are in order ("The cat …") or not ("Cat the …"): something that it learns in a few epochs.
 */

/** A folder for the base models of a file of tests, with tiny-bert in it. It goes when the tests of the file are through. */
export function tinyBaseModels(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-base-models-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(tinyBert, path.join(folder, 'tiny-bert'), { recursive: true });
  return folder;
}

export const tinyBert = fileURLToPath(new URL('../goldens/tiny-bert/', import.meta.url));

export function startTrainer(baseModels: string, options: ServiceOptions = {}): Promise<RunningService> {
  return startServiceProcess({
    ...options,
    settings: { WELLFORMED_BASE_MODELS: baseModels, ...options.settings },
  });
}

/** Takes far longer than a test waits. */
export function slow({ id }: DatasetDto): Record<string, unknown> {
  return { datasetId: id, baseModel: 'tiny-bert', epochs: 20, batchSize: 1 };
}

export function quick({ id }: DatasetDto): Record<string, unknown> {
  return { datasetId: id, baseModel: 'tiny-bert', epochs: 1 };
}

export function upload(service: RunningService, rows: number, seed: number): Promise<DatasetDto> {
  return uploadText(service, practiceRows(rows, seed));
}

export async function uploadText(service: RunningService, content: string): Promise<DatasetDto> {
  const form = new FormData();
  form.set('file', new Blob([content]), 'rows.tsv');
  const response = await fetch(`${service.url}/datasets`, { method: 'POST', body: form });
  expect(response.status).toBe(201);
  return (await response.json()) as DatasetDto;
}

export async function trainJson(service: RunningService, body: object): Promise<RunDto> {
  const response = await request(service, 'POST', '/train', body);
  const answer = await response.text();
  expect([response.status, answer]).toEqual([202, answer]);
  return JSON.parse(answer) as RunDto;
}

export function untilEnded(service: RunningService, id: string): Promise<RunDto> {
  return until(service, id, (run) => run.status !== 'queued' && run.status !== 'running');
}

export function untilTraining(service: RunningService, id: string): Promise<RunDto> {
  return until(service, id, (run) => run.step > 1);
}

export async function until(
  service: RunningService,
  id: string,
  isSo: (run: RunDto) => boolean,
): Promise<RunDto> {
  for (;;) {
    const run = await get<RunDto>(service, `/train/${id}`);
    if (isSo(run)) return run;
    await delay(100);
  }
}

export function request(
  service: RunningService,
  method: string,
  url: string,
  body?: object,
): Promise<Response> {
  const json = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
  return fetch(service.url + url, { method, ...json });
}

export async function get<T>(service: RunningService, url: string): Promise<T> {
  return JSON.parse(await text(service, url)) as T;
}

export async function text(
  service: RunningService,
  url: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(service.url + url, { headers });
  expect(response.status).toBe(200);
  return response.text();
}

export interface ServerSentEvent {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

export function parseEvents(stream: string): ServerSentEvent[] {
  return stream
    .split('\n\n')
    .filter((block) => block.startsWith('id: '))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)![1]!;
      return {
        id: Number(field('id')),
        event: field('event'),
        data: JSON.parse(field('data')) as Record<string, unknown>,
      };
    });
}
