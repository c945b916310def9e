import { cpSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RunDto } from '../../../packages/client/src/index.js';
import { formOf } from '../../support/http.js';
import { practiceRows } from '../../support/practice-rows.js';
import { startServiceProcess, type RunningService } from '../../support/service-process.js';

/** The service in a process of its own, with a tiny model that it has trained itself and is ready to judge with. @param data its folder */
export async function startTrainedService(
  data: string,
  settings: Record<string, string> = {},
  under: readonly string[] = [],
): Promise<RunningService> {
  const tinyBert = fileURLToPath(new URL('../../goldens/tiny-bert/', import.meta.url));
  cpSync(tinyBert, path.join(data, 'base-models', 'tiny-bert'), { recursive: true });
  const service = await startServiceProcess({
    data,
    settings: { WELLFORMED_ENGINE: 'wasm', ...settings },
    under,
  });
  const body = formOf(practiceRows(160, 1), { baseModel: 'tiny-bert', epochs: '2', batchSize: '16' });
  const started = await fetch(`${service.url}/train`, { method: 'POST', body });
  const { id } = (await started.json()) as RunDto;
  for (;;) {
    const run = (await (await fetch(`${service.url}/train/${id}`)).json()) as RunDto;
    if (run.status === 'succeeded') break;
    if (run.finishedAt) throw new Error(`The run ${run.status}: ${run.error?.message}`);
    await sleep(100);
  }
  const first = await fetch(`${service.url}/predict`, {
    method: 'POST',
    body: 'We go.',
    headers: { 'content-type': 'text/plain' },
  });
  if (first.status !== 200) throw new Error(`The model cannot be asked: ${await first.text()}`);
  await first.text();
  return service;
}
