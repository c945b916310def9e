import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDto } from '../../src/training/dto/run.dto.js';
import type { RunningService } from '../support/service-process.js';
import { startTrainedService } from './support/trained-service.js';

/* As many followers of a run as there may be. */

const FOLLOWERS = 2000;

/** Milliseconds in which `/health/live` answers. */
const LIVE_WITHIN = 50;

describe(`${FOLLOWERS} followers of a run`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-followers-'));
  const agent = new Agent({ maxSockets: Infinity });
  let service: RunningService;
  beforeAll(async () => {
    service = await startTrainedService(path.join(folder, 'data'));
  });
  afterAll(async () => {
    agent.destroy();
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  it('get every event, and hold nobody up', async () => {
    const form = new FormData();
    form.set('file', new Blob(['a\t1\t\tThe cat sat.\na\t0\t*\tCat the sat.\n'.repeat(400)]), 'rows.tsv');
    form.set('baseModel', 'tiny-bert');
    form.set('epochs', '20');
    const run = (await (
      await fetch(`${service.url}/train`, { method: 'POST', body: form })
    ).json()) as RunDto;
    const texts = await Promise.all([
      ...Array.from({ length: FOLLOWERS }, () => follow(`/train/${run.id}/events`)),
      watchLiveness(run.id),
    ]);
    const delays = texts.pop() as number[];
    const events = texts.map((text) =>
      [...(text as string).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
    );
    const [first] = events;
    expect(first!.length).toBeGreaterThan(20);
    expect(first).toEqual(first!.map((_, index) => index + 1));
    for (const one of events) expect(one).toEqual(first);
    delays.sort((a, b) => a - b);
    console.log(
      `/health/live beside ${FOLLOWERS} followers: median ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms, longest ${at(delays, 1)} ms`,
    );
    expect(at(delays, 0.99)).toBeLessThan(LIVE_WITHIN);
  });

  async function watchLiveness(id: string): Promise<number[]> {
    const delays: number[] = [];
    for (;;) {
      const started = performance.now();
      await (await fetch(`${service.url}/health/live`)).text();
      delays.push(performance.now() - started);
      const { status } = (await (await fetch(`${service.url}/train/${id}`)).json()) as RunDto;
      if (status !== 'queued' && status !== 'running') return delays;
      await sleep(50);
    }
  }

  function follow(route: string): Promise<string> {
    return new Promise((resolve, reject) => {
      get(`${service.url}${route}`, { agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text)).on('error', reject);
      }).on('error', reject);
    });
  }
});

function at(sorted: readonly number[], share: number): number {
  return Math.round(10 * sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!) / 10;
}
