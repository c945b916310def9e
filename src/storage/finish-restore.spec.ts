import {
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
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finishRestore } from './finish-restore.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'wellformed-restore-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const names = ['datasets', 'models', 'wellformed.sqlite'];
const at = (...parts: string[]) => path.join(folder, ...parts);

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A data folder in use until now, and a restore that is ready. */
function prepare(): void {
  for (const [place, text] of [
    ['', 'old'],
    ['restore.ready/new', 'new'],
  ] as const) {
    write(at(place, 'wellformed.sqlite'), text);
    write(at(place, 'datasets/ds_1/rows.tsv'), text);
    write(at(place, 'models/mdl_1/model.onnx'), text);
  }
  write(at('wellformed.sqlite-wal'), 'old');
  write(at('wellformed.sqlite-shm'), 'old');
  write(at('datasets/ds_2/rows.tsv'), 'old');
  write(at('base-models/own/config.json'), 'own');
}

const contents = (base: string) =>
  Object.fromEntries(
    readdirSync(base, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name);
        return [path.relative(base, file), readFileSync(file, 'utf8')];
      }),
  );

/** The steps in which it is done, each of which may be the last before the power fails. */
const steps: (readonly [string, string])[] = [
  ...['datasets', 'models', 'wellformed.sqlite-wal', 'wellformed.sqlite-shm', 'wellformed.sqlite'].flatMap(
    (name) => {
      const away = [name, `restore.ready/old/${name}`] as const;
      return names.includes(name) ? [away, [`restore.ready/new/${name}`, name] as const] : [away];
    },
  ),
  ['restore.ready/old', 'replaced/before'],
];

describe('finishRestore', () => {
  it.each([-1, ...steps.keys()])('puts all in its place, and keeps what was there, after step %i', (last) => {
    prepare();
    if (last >= 0) mkdirSync(at('restore.ready/old'));
    for (const [from, to] of steps.slice(0, last + 1)) {
      mkdirSync(path.dirname(at(to)), { recursive: true });
      renameSync(at(from), at(to));
    }
    finishRestore(folder);
    const [replaced] = readdirSync(at('replaced'));
    expect(contents(at('replaced', replaced!))).toEqual({
      'wellformed.sqlite': 'old',
      'wellformed.sqlite-wal': 'old',
      'wellformed.sqlite-shm': 'old',
      'datasets/ds_1/rows.tsv': 'old',
      'datasets/ds_2/rows.tsv': 'old',
      'models/mdl_1/model.onnx': 'old',
    });
    rmSync(at('replaced'), { recursive: true });
    expect(contents(folder)).toEqual({
      'wellformed.sqlite': 'new',
      'datasets/ds_1/rows.tsv': 'new',
      'models/mdl_1/model.onnx': 'new',
      'base-models/own/config.json': 'own',
    });
    expect(finishRestore(folder)).toBeNull();
  });

  it('says where it put what was there', () => {
    prepare();
    expect(finishRestore(folder)).toBe(at('replaced', readdirSync(at('replaced'))[0]!));
  });

  it('replaces nothing where there is nothing yet', () => {
    write(at('restore.ready/new/wellformed.sqlite'), 'new');
    expect(finishRestore(folder)).toBeNull();
    expect(contents(folder)).toEqual({ 'wellformed.sqlite': 'new' });
  });

  it('replaces a database alone', () => {
    prepare();
    for (const kind of ['datasets', 'models']) rmSync(at('restore.ready/new', kind), { recursive: true });
    finishRestore(folder);
    expect(readFileSync(at('wellformed.sqlite'), 'utf8')).toBe('new');
    expect(readFileSync(at('datasets/ds_2/rows.tsv'), 'utf8')).toBe('old');
    expect(existsSync(at('wellformed.sqlite-wal'))).toBe(false);
  });

  it('forgets a restore that was not ready', () => {
    write(at('wellformed.sqlite'), 'old');
    write(at('restore.partial/new/wellformed.sqlite'), 'half');
    expect(finishRestore(folder)).toBeNull();
    expect(contents(folder)).toEqual({ 'wellformed.sqlite': 'old' });
  });
});
