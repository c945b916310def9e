import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as bert from './index.js';

type Example = (
  library: typeof bert,
  base: string,
  folder: string,
) => Promise<{ judgements: bert.Judgement[] }>;

const tinyBert = fileURLToPath(new URL('../../test/goldens/tiny-bert/', import.meta.url));

it('fine-tunes and scores as the README shows', async () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const [, code] = /```js\n([\s\S]+?)```/.exec(readme)!;
  const imported = [...code!.matchAll(/^import \{(.*)\} from '\.\/index\.js';$/gm)].map(([, names]) => names);
  const body = code!.replace(/^import .*$/gm, '');
  // The example uses `await` and `import` at the top level, so it runs as an async function.
  const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => Example;
  const example = new AsyncFunction(
    `{${imported.join(',')}}`,
    'base',
    'folder',
    `${body}\nreturn { judgements };`,
  );
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-readme-'));
  try {
    const { judgements } = await example(bert, tinyBert, folder);
    expect(judgements.map(({ acceptable }) => acceptable)).toEqual([true, false]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
