import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';
import type { TestProject } from 'vitest/node';

/*
 * Vitest compiles the sources for its own process only. Processes and threads that tests start run a compiled
 * copy, as they do in production. Compiling again in each of them through a loader would make a training
 * start three times as slowly. The copy is made from all sources before each test run. This takes a second
 * and keeps the copy up to date.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const copy = path.join(root, 'node_modules', '.compiled');
const sources = ['src', 'test/support'];

/** Returns the compiled copy of a source, for a thread or process that a test starts. */
export function compiled(source: URL): URL {
  return pathToFileURL(copyOf(path.relative(root, fileURLToPath(source))));
}

/** Lets sources find the compiled copies of the neighbours that they start. */
export function startsCompiled(): Plugin {
  return {
    name: 'starts-compiled',
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(path.join(root, 'src') + path.sep)) return;
      const self = JSON.stringify(compiled(pathToFileURL(id)).href);
      return code.replace(/(new URL\([^()]*'\.\/[^']+\.js', )import\.meta\.url\)/g, `$1${self})`);
    },
  };
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of what specs share read-only during the run. */
    runFolder: string;
  }
}

/** Vitest calls this once before the first test. */
export default async function setUpRun(project: TestProject): Promise<() => void> {
  await compile();
  const make = () => mkdtempSync(path.join(tmpdir(), 'wellformed-run-'));
  const folders = [make()];
  project.provide('runFolder', folders[0]!);
  // `npx vitest` runs again after a change.
  project.onTestsRerun(async () => {
    await compile();
    project.provide('runFolder', folders[folders.push(make()) - 1]!);
  });
  return () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
}

async function compile(): Promise<void> {
  const { transformFile } = await import('@swc/core');
  const files = sources.flatMap(filesIn).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
  const outputs = await Promise.all(
    files.map(async (name) => {
      const { code } = await transformFile(path.join(root, name), {
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      });
      return [copyOf(name), code] as const;
    }),
  );
  const wanted = new Map(outputs);
  for (const [file, code] of wanted) put(file, code);
  // This file marks the copies as ES modules. The service also reads its version from it.
  mkdirSync(copy, { recursive: true });
  copyFileSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
  for (const name of sources) {
    for (const file of filesIn(path.relative(root, path.join(copy, name)))) {
      if (!wanted.has(path.join(root, file))) rmSync(path.join(root, file));
    }
  }
}

/** Writes a file in one step and only if it has changed, because another test run may be reading it. */
function put(file: string, content: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === content) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const written = `${file}.${process.pid}`;
  writeFileSync(written, content);
  renameSync(written, file);
}

function copyOf(name: string): string {
  return path.join(copy, name.replace(/\.ts$/, '.js'));
}

/** Returns paths relative to the root. */
function filesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)));
}
