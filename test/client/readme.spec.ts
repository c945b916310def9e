import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { practiceRows } from '../support/practice-rows.js';
import { seededFolder } from '../support/seeded-folder.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';

/* The package as it is packed, installed in a project, and the examples of its README as a reader runs them. */

const run = promisify(execFile);
const readme = readFileSync('packages/client/README.md', 'utf8');

interface Example {
  section: string;
  code: string;
  prints: string;
}

/** Each block of code, with the block below it: what it prints. */
const examples = readme.split(/^## /m).flatMap((section): Example[] =>
  [...section.matchAll(/^```js\n(.*?)^```\n\n```text\n(.*?)^```$/gms)].map(([, code, prints]) => ({
    section: section.split('\n', 1)[0]!,
    code: code!,
    prints: prints!,
  })),
);

describe('the README of the client', () => {
  let folder: string;
  let service: RunningService;
  let packed: { filename: string; files: { path: string }[] };

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'wellformed-client-'));
    [service] = await Promise.all([startService(), install()]);
  });
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startService(): Promise<RunningService> {
    const data = path.join(folder, 'data');
    const seeded = await seededFolder({ models: 2 });
    cpSync(seeded.path, data, { recursive: true });
    rmSync(seeded.path, { recursive: true });
    // The tiny model goes by the name of the base model that the README trains.
    const baseModels = path.join(data, 'base-models');
    cpSync(path.join(baseModels, 'tiny-bert'), path.join(baseModels, 'bert-base-uncased'), {
      recursive: true,
    });
    return startServiceProcess({
      data,
    });
  }

  /** Packs a copy of the package, and installs it beside the files that the examples read. */
  async function install(): Promise<void> {
    const source = path.join(folder, 'source');
    const project = path.join(folder, 'project');
    cpSync('packages/client', source, {
      recursive: true,
      filter: (name) => path.relative('packages/client', name) !== 'dist',
    });
    mkdirSync(project);
    // As in a shell: without the settings that an npm around this test hands down.
    const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    const compilers = path.resolve('node_modules/.bin');
    const env = {
      ...Object.fromEntries(inherited),
      PATH: `${compilers}${path.delimiter}${process.env.PATH}`,
    };
    const npm = (cwd: string, ...args: string[]) => run('npm', args, { cwd, env });
    const { stdout } = await npm(source, 'pack', '--json', '--pack-destination', project);
    // What prepack prints comes before.
    [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [typeof packed];
    writeFileSync(path.join(project, 'package.json'), '{"type": "module", "private": true}');
    await npm(project, 'install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`);
    writeFileSync(path.join(project, 'in_domain_train.tsv'), practiceRows(96, 1));
    writeFileSync(path.join(project, 'in_domain_dev.tsv'), practiceRows(24, 2));
    const sentences = Array.from({ length: 1200 }, (_, index) => `The cat sat on mat ${index}.\n`);
    writeFileSync(path.join(project, 'sentences.txt'), sentences.join(''));
  }

  it('has an example of everything that people do', () => {
    expect([...new Set(examples.map(({ section }) => section))]).toEqual([
      'Judge sentences',
      'Compare minimal pairs',
      'Train on a file, and follow the run',
      'Score a file',
      'Errors',
      'API key',
    ]);
    // None is left out for a block that is not as the others are.
    expect(readme.match(/^```js$/gm)).toHaveLength(examples.length);
  });

  it.each(examples.map((example, index) => ({ ...example, index })))(
    'prints what it says: $section ($index)',
    async ({ code, prints, index }) => {
      const file = path.join(folder, 'project', `example-${index}.js`);
      writeFileSync(file, code.replaceAll('http://127.0.0.1:3000', service.url));
      const { stdout } = await run(process.execPath, [file], { cwd: path.dirname(file) });
      expect(alike(stdout)).toBe(alike(prints));
    },
  );

  it('comes with what is needed, and nothing else', () => {
    const names = packed.files.map(({ path: name }) => name);
    const sources = ['errors', 'index', 'run-events', 'score-file', 'send-with-progress', 'wait'];
    expect(names.filter((name) => !name.startsWith('dist/generated/')).sort()).toEqual(
      [
        'LICENSE',
        'README.md',
        'package.json',
        ...sources.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]),
      ].sort(),
    );
    const generated = names.filter((name) => name.startsWith('dist/generated/'));
    expect(generated.length).toBeGreaterThan(10);
    expect(generated.filter((name) => !/\.gen\.(d\.ts|js)$|\/index\.(d\.ts|js)$/.test(name))).toEqual([]);
    const { dependencies, license, sideEffects, type } = JSON.parse(
      readFileSync(path.join(folder, 'project/node_modules/wellformed-client/package.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect({ dependencies, license, sideEffects, type }).toEqual({
      dependencies: undefined,
      license: 'Apache-2.0',
      sideEffects: false,
      type: 'module',
    });
  });

  it('has types that a project can use as they are', async () => {
    const project = path.join(folder, 'project');
    writeFileSync(
      path.join(project, 'typed.ts'),
      `import { Wellformed, type RunEvent } from 'wellformed-client';
const wellformed = new Wellformed();
export const score: Promise<number> = wellformed.judge('We go.').then((judgement) => judgement.score);
export const mccOf = (event: RunEvent): number | undefined =>
  event.type === 'epoch' ? event.data.mcc : undefined;
// @ts-expect-error No such precision.
void wellformed.judge('We go.', { precision: 'int4' });
`,
    );
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: [],
    };
    writeFileSync(
      path.join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['typed.ts'] }),
    );
    const args = [path.resolve('node_modules/typescript/bin/tsc'), '-p', project];
    const outcome = await run(process.execPath, args).catch((error: unknown) => error);
    expect((outcome as { stdout: string }).stdout).toBe('');
  });
});

/** Another model gives other scores, other judgements and other ids; the rest is as it stands. */
function alike(text: string): string {
  return text
    .replaceAll(/\b(run|mdl|ds)_[0-9A-Z]{26}\b/g, '$1_…')
    .replaceAll(/-?\b\d\.\d+(e-\d+)?\b/g, '0.…')
    .replaceAll(/\b(true|false)\b/g, 'true')
    .replace(/preferred: [ab]/, 'preferred: a')
    .replace(/\{ a: [01], b: [01],/, '{ a: 1, b: 0,');
}
