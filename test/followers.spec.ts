import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { seededFolder } from './support/seeded-folder.js';
import { startService, type Service } from './support/service.js';

let folder: string;
let service: Service;

beforeAll(async () => {
  folder = (await seededFolder()).path;
  service = await startService(folder, { WELLFORMED_MAX_FOLLOWERS: '2', WELLFORMED_ENGINE: 'wasm' });
});

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('followers of runs', () => {
  it('are told when to come again where too many follow, and find a seat when one is given back', async () => {
    const run = await service.client.start({ file: practiceRows(9600, 1), epochs: 20, promote: 'never' });
    const follow = async () => {
      const abort = new AbortController();
      const url = `${await service.app.getUrl()}/train/${run.id}/events`;
      const response = await fetch(url, { signal: abort.signal });
      return { response, leave: () => abort.abort() };
    };
    const followers = [await follow(), await follow()];
    expect(followers.map(({ response }) => response.status)).toEqual([200, 200]);

    const { response } = await follow();
    expect(response.headers.get('retry-after')).toBe('10');
    const { detail } = await problemOf(response, 429);
    expect(detail).toContain('WELLFORMED_MAX_FOLLOWERS');

    followers[0]!.leave();
    await expect
      .poll(async () => {
        const { response, leave } = await follow();
        leave();
        return response.status;
      })
      .toBe(200);
    await service.client.request('POST', `/train/${run.id}/cancel`);
    expect(await followers[1]!.response.text()).toContain('"status":"cancelled"');
  });
});
