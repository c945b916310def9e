import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, EvaluationDto, RunDto } from '../../packages/client/src/index.js';
import { newApiKey } from '../support/api-keys.js';
import { formOf } from '../support/http.js';
import { practiceRows } from '../support/practice-rows.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { pythonTools } from './support/needs.js';
import { runSchemathesis, type Contract, type ContractOptions } from './support/schemathesis.js';

/*
 * The service answers as its OpenAPI document says, whatever it is sent: Schemathesis reads the document, sends what it allows and what
 * it forbids, follows its links, and looks at each answer. WELLFORMED_FUZZ_RUNS says how many requests it makes up for each operation.
 */

const tools = await pythonTools('contract', ['schemathesis==4.32.5']);
const runs = Number(process.env.WELLFORMED_FUZZ_RUNS ?? 25);
const admin = newApiKey('contract', 'admin');

describe.skipIf(!tools).each([
  ['without keys', {}, undefined, runs],
  ['with keys', { WELLFORMED_API_KEYS: admin.entry }, admin.key, Math.ceil(runs / 2)],
] as const)('the contract %s', (_, settings, key, requests) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-contract-'));
  const headers: Record<string, string> = key === undefined ? {} : admin.headers;
  let service: RunningService;
  let document: OpenAPIObject;
  let contract: Contract;

  beforeAll(async () => {
    const baseModels = path.join(folder, 'base-models');
    const tiny = fileURLToPath(new URL('../goldens/tiny-bert', import.meta.url));
    // The two that the document names, so that nothing large is trained, and nothing is fetched.
    for (const name of ['bert-base-uncased', 'all-MiniLM-L6-v2']) {
      cpSync(tiny, path.join(baseModels, name), { recursive: true });
    }
    service = await startServiceProcess({
      data: path.join(folder, 'data'),
      settings: {
        WELLFORMED_BASE_MODELS: baseModels,
        WELLFORMED_HUB_MODELS: 'catalogue',
        WELLFORMED_HUB_URL: 'http://127.0.0.1:1',
        WELLFORMED_COLA_URL: 'http://127.0.0.1:1',
        ...settings,
      },
    });
    const examples = await fill(service.url, headers);
    document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenAPIObject;
    contract = await runSchemathesis(tools!, service.url, { requests, key, examples, folder });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is kept', () => {
    expect(contract.exitCode, contract.output).toBe(0);
    const errors = service.logs().split('\n');
    expect(errors.filter((line) => /\bERROR\b|"level":"error"/.test(line))).toEqual([]);
  });

  it('was tried with requests that succeed, at every operation', () => {
    const operations = Object.entries(document.paths).flatMap(([place, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${place}`),
    );
    expect(operations.length).toBeGreaterThan(25);
    const failing = operations.filter((operation) => !contract.succeeded.get(operation));
    expect(failing, contract.output).toEqual([]);
    expect(contract.answers).toBeGreaterThan(20 * operations.length);
  });

  it('allows no answer that it does not name', () => {
    const open = Object.values(document.paths).flatMap((item) =>
      Object.values(item as Record<string, { responses: object }>).filter(({ responses }) =>
        Object.keys(responses).some((status) => !/^\d{3}$/.test(status)),
      ),
    );
    expect(open).toEqual([]);
  });
});

/** So that there is something to ask for from the beginning. @returns ids, by the operations that are to be tried with them */
async function fill(url: string, headers: Record<string, string>): Promise<ContractOptions['examples']> {
  const ask = async <T>(method: string, place: string, body?: unknown): Promise<T> => {
    const isForm = body instanceof FormData;
    const type: Record<string, string> =
      isForm || body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = isForm ? body : JSON.stringify(body);
    const response = await fetch(url + place, { method, body: sent, headers: { ...headers, ...type } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${place} gave ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  };
  const train = (seed: number, fields: Record<string, string>) =>
    ask<RunDto>(
      'POST',
      '/train',
      formOf(practiceRows(60, seed), { baseModel: 'all-MiniLM-L6-v2', epochs: '1', ...fields }),
    );
  const end = async ({ id }: RunDto): Promise<RunDto> => {
    for (;;) {
      const run = await ask<RunDto>('GET', `/train/${id}`);
      if (run.status === 'succeeded') return run;
      if (run.error) throw new Error(run.error.message);
      await sleep(100);
    }
  };
  const kept = await end(await train(1, {}));
  const spare = await end(await train(2, { promote: 'never' }));
  const unused = await ask<DatasetDto>('POST', '/datasets', formOf(practiceRows(30, 3)));
  const evaluation = await ask<EvaluationDto>('POST', '/models/production/evaluations', {
    datasetId: kept.datasetId,
  });
  await ask('PUT', '/aliases/spare', { modelId: kept.modelId });
  const long = await train(4, { epochs: '20', batchSize: '1', promote: 'never' });
  return {
    'GET /datasets/{id}': { id: kept.datasetId },
    'GET /datasets/{id}/rows': { id: kept.datasetId },
    'DELETE /datasets/{id}': { id: unused.id },
    'GET /train/{id}': { id: kept.id },
    'GET /train/{id}/metrics': { id: kept.id },
    'GET /train/{id}/events': { id: kept.id },
    'POST /train/{id}/cancel': { id: long.id },
    'DELETE /train/{id}': { id: spare.id },
    'DELETE /models/{id}': { id: spare.modelId! },
    'GET /models/{id}/evaluations/{evaluationId}': { evaluationId: evaluation.id },
    'DELETE /aliases/{name}': { name: 'spare' },
  };
}
