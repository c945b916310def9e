import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withoutServerFolders } from './server-folders.js';

const folders = { dataFolder: '/srv/w', baseModelFolder: '/srv/w/base-models' };

describe('withoutServerFolders', () => {
  it.each([
    ['/srv/w/base-models/mine/config.json is missing.', 'base-models/mine/config.json is missing.'],
    ['The model in /srv/w/base-models/mine.', 'The model in base-models/mine.'],
    [
      `ENOENT: no such file, open '/srv/w/models/mdl_1/model.onnx'`,
      `ENOENT: no such file, open 'w/models/mdl_1/model.onnx'`,
    ],
    ['in file:///srv/w/x', 'in w/x'],
    ['Under /srv/w2 and https://x/srv/w/y', 'Under /srv/w2 and https://x/srv/w/y'],
    [`${path.resolve('node_modules')}/onnx.so`, `${path.basename(path.resolve('.'))}/node_modules/onnx.so`],
    ['/train/run_1 is fine', '/train/run_1 is fine'],
  ])('%s', (message, told) => {
    expect(withoutServerFolders(message, folders)).toBe(told);
  });

  it('knows folders by their real paths too, and leaves the root alone', () => {
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'folders-')));
    mkdirSync(path.join(folder, 'real'));
    symlinkSync(path.join(folder, 'real'), path.join(folder, 'link'));
    const settings = { dataFolder: '/', baseModelFolder: path.join(folder, 'link') };
    expect(withoutServerFolders(`${folder}/real/x and ${folder}/link/x and /etc`, settings)).toBe(
      'real/x and link/x and /etc',
    );
    rmSync(folder, { recursive: true });
  });
});
