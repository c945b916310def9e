import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDto } from '../../packages/client/src/index.js';
import type { RunningService } from '../support/service-process.js';
import { startTrainedService } from './support/trained-service.js';

/* As many followers of a run as there may be. */

const FOLLOWERS = 2000;

/** They come over some seconds, as people and programs do. */
const JOIN_AT_ONCE = 20;
const JOIN_EVERY = 50;

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
    form.set('file', new Blob(['a\t1\t\tThe cat sat.\na\t0\t*\tCat the sat.\n'.repeat(1500)]), 'rows.tsv');
    form.set('baseModel', 'tiny-bert');
    form.set('epochs', '20');
    const run = (await (
      await fetch(`${service.url}/train`, { method: 'POST', body: form })
    ).json()) as RunDto;
    const watcher = watchLiveness(`${service.url}/health/live`);
    const texts: Promise<string>[] = [];
    while (texts.length < FOLLOWERS) {
      for (let count = 0; count < JOIN_AT_ONCE; count++) texts.push(follow(`/train/${run.id}/events`));
      await sleep(JOIN_EVERY);
    }
    const events = (await Promise.all(texts)).map((text) =>
      [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
    );
    const delays = await watcher.stop();
    const [first] = events;
    expect(first!.length).toBeGreaterThan(20);
    expect(first).toEqual(first!.map((_, index) => index + 1));
    for (const one of events) expect(one).toEqual(first);
    delays.sort((a, b) => a - b);
    console.log(
      `/health/live beside ${FOLLOWERS} followers, ${delays.length} times: median ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms, longest ${at(delays, 1)} ms`,
    );
    expect(delays.length).toBeGreaterThan(200);
    expect(at(delays, 0.99)).toBeLessThan(LIVE_WITHIN);
  });

  /** Asks from a process of its own: two thousand followers keep this one busy. */
  function watchLiveness(url: string): { stop(): Promise<number[]> } {
    const program = `
      process.once('message', () => { process.send(delays, () => process.exit()); });
      const delays = [];
      for (;;) {
        const started = performance.now();
        await (await fetch(${JSON.stringify(url)})).text();
        delays.push(performance.now() - started);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    return {
      stop: async () => {
        child.send('stop');
        const [delays] = (await once(child, 'message')) as [number[]];
        return delays;
      },
    };
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
