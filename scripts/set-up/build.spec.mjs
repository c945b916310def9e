import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hashOfSources } from './build.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wellformed-build-'));
  mkdirSync(join(folder, 'src', 'bert'), { recursive: true });
  write('tsconfig.json', '{}');
  write('src/main.ts', 'export {};');
  write('src/bert/config.ts', 'export const layers = 12;');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('changes with any source or setting of the build, and with a name', () => {
  const changes = [
    () => write('src/bert/config.ts', 'export const layers = 24;'),
    () => write('src/bert/errors.ts', ''),
    () => write('tsconfig.json', '{ "include": ["src"] }'),
    () => rmSync(join(folder, 'src/main.ts')),
  ];
  const seen = new Set([hashOfSources(folder)]);
  for (const change of changes) {
    change();
    seen.add(hashOfSources(folder));
  }
  expect(seen.size).toBe(changes.length + 1);
});

it('does not change with tests, nor with the same content written again', () => {
  const before = hashOfSources(folder);
  write('src/main.spec.ts', 'it');
  write('src/main.ts', 'export {};');
  expect(hashOfSources(folder)).toBe(before);
});

function write(name, content) {
  writeFileSync(join(folder, name), content);
}
