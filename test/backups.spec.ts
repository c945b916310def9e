import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { DatasetDto, DatasetPageDto } from '../packages/client/src/index.js';
import { formOf } from './support/http.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

/* The commands `backup` and `restore`, as they are built, beside a service that works. */

const root = mkdtempSync(path.join(tmpdir(), 'wellformed-backup-'));
const running: RunningService[] = [];
afterEach(() => Promise.all(running.splice(0).map((service) => service.stop())));
afterAll(() => rmSync(root, { recursive: true }));

async function start(data: string): Promise<RunningService> {
  const service = await startServiceProcess({ data });
  running.push(service);
  return service;
}

function command(name: 'backup' | 'restore', data: string, folder: string) {
  const program = path.resolve(process.env.TEST_DIST ?? 'dist', `${name}.js`);
  const env = { ...process.env, WELLFORMED_DATA: data };
  return new Promise<{ code: number; output: string }>((resolve) =>
    execFile(process.execPath, [program, folder], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    ),
  );
}

async function upload(service: RunningService, number: number): Promise<DatasetDto> {
  const body = formOf(`1\tNumber ${number} is here.\n0\tNumber ${number} are here.\n`);
  const response = await fetch(`${service.url}/datasets`, { method: 'POST', body });
  expect(response.status).toBe(201);
  return (await response.json()) as DatasetDto;
}

async function list(service: RunningService): Promise<DatasetDto[]> {
  const items: DatasetDto[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer = await fetch(`${service.url}/datasets?limit=100${cursor && `&cursor=${cursor}`}`);
    expect(answer.status).toBe(200);
    const page = (await answer.json()) as DatasetPageDto;
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

describe('backup and restore', { timeout: 180_000 }, () => {
  it('copies while the service works, and gives back all that was stored before', async () => {
    const data = path.join(root, 'data');
    const golden = fileURLToPath(new URL('./goldens/first-release/data-folder', import.meta.url));
    cpSync(golden, data, { recursive: true });
    const service = await start(data);
    const stored: DatasetDto[] = [];
    for (let i = 0; i < 5; i++) stored.push(await upload(service, i));

    // Uploads and deletions go on all the time.
    let made = false;
    const busy = (async () => {
      for (let i = 100; !made; i++) {
        const { id } = await upload(service, i);
        if (i % 2)
          expect((await fetch(`${service.url}/datasets/${id}`, { method: 'DELETE' })).status).toBe(204);
      }
    })();
    const backup = path.join(root, 'monday');
    const backedUp = await command('backup', data, backup).finally(() => (made = true));
    await busy;
    expect(backedUp).toEqual({
      code: 0,
      output: expect.stringMatching(/^Backed up \d+ files \(.* to .*monday/),
    });

    expect(await command('restore', data, backup)).toEqual({
      code: 1,
      output: expect.stringContaining('is in use by another Wellformed process. Stop that one first'),
    });
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    await service.stop();

    // Into a folder that is not there yet, and over the one that has gone on since.
    for (const place of [path.join(root, 'elsewhere'), data]) {
      const restored = await command('restore', place, backup);
      expect(restored).toMatchObject({ code: 0, output: expect.stringContaining(`into ${place}.`) });
      const again = await start(place);
      const items = await list(again);
      expect(items.map(({ id }) => id)).toEqual(expect.arrayContaining(stored.map(({ id }) => id)));
      for (const { id } of items) {
        expect((await fetch(`${again.url}/datasets/${id}/rows`)).status, id).toBe(200);
      }
      const answer = await fetch(`${again.url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sentence: 'The cat sat.' }),
      });
      expect(answer.status).toBe(200);
      // What the database knows and what lies there are the same.
      expect(readdirSync(path.join(place, 'datasets')).sort()).toEqual(items.map(({ id }) => id).sort());
      expect(readdirSync(place)).not.toContain('orphans');
      await again.stop();
    }
    expect(readdirSync(data)).toContain('replaced');
  });

  it('says what to do, and ends with 1, where it cannot', async () => {
    const nothing = path.join(root, 'nothing');
    for (const [name, message] of [
      ['backup', 'Set WELLFORMED_DATA to the data folder.'],
      ['restore', 'Name the folder of a backup.'],
    ] as const) {
      const { code, output } = await command(name, nothing, path.join(root, 'nowhere'));
      expect([code, output]).toEqual([1, expect.stringContaining(message)]);
      expect(output).not.toContain('    at ');
    }
  });
});
