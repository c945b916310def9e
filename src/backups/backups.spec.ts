import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../storage/sqlite.js';
import { readSettings } from '../config/read-settings.js';
import { migrationNames } from '../database/migrations/index.js';
import { DataFolder } from '../storage/data-folder.js';
import { MANIFEST } from '../storage/sealed-folder.js';
import type { BackupManifest } from './backup-manifest.js';
import { createBackup } from './backup.js';
import { restoreBackup } from './restore.js';

/*
 * Uses a data folder of the first release: two models, a data set, and a database whose migrations this
 * version knows.
 */

const golden = 'test/goldens/first-release/data-folder';
const [first, second] = readdirSync(path.join(golden, 'models')).sort() as [string, string];
const [dataset] = readdirSync(path.join(golden, 'datasets')) as [string];

const root = mkdtempSync(path.join(tmpdir(), 'wellformed-backups-'));
afterAll(() => rmSync(root, { recursive: true }));

let data: string;
let target: string;
let other: string;
let cases = 0;
beforeEach(() => {
  const folder = path.join(root, String(cases++));
  [data, target, other] = ['data', 'backup', 'other'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  cpSync(golden, data, { recursive: true });
});

const settingsOf = (folder: string) => readSettings({ WELLFORMED_DATA: folder }).settings;
const restore = (source: string, folder = other) => restoreBackup(source, settingsOf(folder));

/** Returns all files under a folder with their content. */
function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true }) as string[];
  return new Map(
    files
      .filter(
        (name) => statSync(path.join(folder, name)).isFile() && !/^(lock|wellformed)\.sqlite/.test(name),
      )
      .sort()
      .map((name) => [name, readFileSync(path.join(folder, name), 'latin1')]),
  );
}

function change(database: string, sql: string): void {
  const opened = new Database(database);
  opened.exec(sql);
  opened.close();
}

function modelsOf(folder: string): string[] {
  const opened = new Database(path.join(folder, 'wellformed.sqlite'));
  const ids = opened.prepare('SELECT id FROM models ORDER BY id').pluck().all() as string[];
  opened.close();
  return ids;
}

/** Checks that no unfinished backup or restore is left under any name. */
function expectNoTrace(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  expect(names.filter((name) => /partial|ready/.test(name))).toEqual([]);
}

describe('a backup', () => {
  it('restores to what was there', async () => {
    const manifest = await createBackup(data, target);
    expect(manifest).toMatchObject({ format: 1, migrations: migrationNames.slice(0, 1) });
    expect(JSON.parse(readFileSync(path.join(target, MANIFEST), 'utf8'))).toEqual(manifest);
    const restored = await restore(target);
    expect(restored).toMatchObject({ files: manifest.files.length, replaced: null });
    expect(contents(other)).toEqual(contents(golden));
    expect(modelsOf(other)).toEqual([first, second]);
    expectNoTrace(other);
    expectNoTrace(path.dirname(target));
  });

  it('has what others have committed, and leaves out what the database does not know', async () => {
    const writer = new Database(path.join(data, 'wellformed.sqlite'));
    writer.exec(
      `UPDATE models SET name = 'renamed' WHERE id = '${first}'; BEGIN; UPDATE models SET name = 'not yet'`,
    );
    cpSync(path.join(data, 'models', first), path.join(data, 'models', 'mdl_unknown'), { recursive: true });
    await createBackup(data, target);
    writer.exec('ROLLBACK');
    writer.close();
    await restore(target);
    const copy = new Database(path.join(other, 'wellformed.sqlite'));
    expect(copy.prepare(`SELECT name FROM models ORDER BY id`).pluck().all()).toEqual(['renamed', 'Second']);
    copy.close();
    expect(readdirSync(path.join(other, 'models')).sort()).toEqual([first, second]);
  });

  it('leaves out what is deleted while it is made', async () => {
    // Large enough that the deletion happens during the copy. It removes the row first, then the files.
    const large = path.join(data, 'models', first);
    const manifest = JSON.parse(readFileSync(path.join(large, 'manifest.json'), 'utf8')) as BackupManifest;
    const filling = Buffer.alloc(64 * 2 ** 20, 1);
    writeFileSync(path.join(large, 'zz.bin'), filling);
    manifest.files.push({
      name: 'zz.bin',
      size: filling.length,
      sha256: sum(filling),
    });
    writeFileSync(path.join(large, 'manifest.json'), JSON.stringify(manifest));
    const making = createBackup(data, target);
    for (;;) {
      const [partial] = readdirSync(path.dirname(target)).filter((name) => name.includes('partial'));
      if (partial && existsSync(path.join(path.dirname(target), partial, 'models', first))) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // At this point the data set has been copied and the second model has not.
    change(
      path.join(data, 'wellformed.sqlite'),
      `PRAGMA foreign_keys = OFF; DELETE FROM datasets; DELETE FROM evaluations; DELETE FROM models WHERE id = '${second}'`,
    );
    rmSync(path.join(data, 'datasets', dataset), { recursive: true });
    rmSync(path.join(data, 'models', second), { recursive: true });
    const names = (await making).files.map(({ name }) => name);
    expect(names.filter((name) => name.includes(second) || name.includes(dataset))).toEqual([]);
    await restore(target);
    expect(readdirSync(path.join(target, 'datasets'))).toEqual([]);
    expect(modelsOf(other)).toEqual([first]);
    expect(readdirSync(path.join(other, 'models'))).toEqual([first]);
  });

  it('is not made of damaged or missing files, and leaves nothing', async () => {
    const file = path.join(data, 'models', second, 'model.onnx');
    const whole = readFileSync(file);
    writeFileSync(file, Buffer.concat([whole.subarray(0, -1), Buffer.from([whole.at(-1)! ^ 1])]));
    await expect(createBackup(data, target)).rejects.toThrow(
      `models/${second} is damaged: model.onnx is not what was stored`,
    );
    rmSync(file);
    await expect(createBackup(data, target)).rejects.toThrow(
      `The database knows models/${second}, but files`,
    );
    writeFileSync(path.join(data, 'models', second, 'manifest.json'), '{"files":[{"name":"../../x"}]}');
    await expect(createBackup(data, target)).rejects.toThrow('cannot be read');
    expect(readdirSync(path.dirname(target))).toEqual(['data']);
  });

  it('takes a new folder, which is no part of what it copies', async () => {
    mkdirSync(target);
    await createBackup(data, target);
    const before = contents(target);
    await expect(createBackup(data, target)).rejects.toThrow('is not empty. Name a new folder');
    expect(contents(target)).toEqual(before);
    await expect(createBackup(data, path.join(data, 'models', 'x'))).rejects.toThrow(
      'part of the data folder',
    );
    await expect(createBackup(data, data)).rejects.toThrow('part of the data folder');
    await createBackup(data, path.join(data, 'backups', 'monday'));
    writeFileSync(path.join(root, 'file'), '');
    await expect(createBackup(data, path.join(root, 'file', 'x'))).rejects.toThrow(
      /cannot be used|could not be written/,
    );
    await expect(createBackup(other, `${target}2`)).rejects.toThrow('There is no database');
  });
});

describe('a restore', () => {
  it('replaces what is there, keeps it, and leaves base models alone', async () => {
    await createBackup(data, target);
    mkdirSync(path.join(data, 'base-models'));
    const database = path.join(data, 'wellformed.sqlite');
    change(
      database,
      `DELETE FROM evaluations; DELETE FROM aliases; DELETE FROM models WHERE id = '${second}'`,
    );
    rmSync(path.join(data, 'models', second), { recursive: true });
    const { replaced } = await restore(target, data);
    expect(modelsOf(data)).toEqual([first, second]);
    expect(readdirSync(data)).toContain('base-models');
    expect(modelsOf(replaced!)).toEqual([first]);
    expect(readdirSync(path.join(replaced!, 'models'))).toEqual([first]);
  });

  it('takes a database alone, such as the copy from before a migration', async () => {
    const copy = path.join(root, `${cases}.sqlite`);
    cpSync(path.join(data, 'wellformed.sqlite'), copy);
    change(path.join(data, 'wellformed.sqlite'), "UPDATE models SET name = 'later'");
    expect(await restore(copy, data)).toMatchObject({ files: 1 });
    expect(modelsOf(data)).toEqual([first, second]);
    expect(readdirSync(path.join(data, 'models')).sort()).toEqual([first, second]);
    expect(readFileSync(path.join(data, 'wellformed.sqlite')).includes('later')).toBe(false);
  });

  it('that was interrupted is finished by the next process that uses the folder', () => {
    cpSync(golden, path.join(data, 'restore.ready', 'new'), { recursive: true });
    change(path.join(data, 'wellformed.sqlite'), 'PRAGMA foreign_keys = OFF; DELETE FROM models');
    new DataFolder(settingsOf(data)).onApplicationShutdown();
    expect(modelsOf(data)).toEqual([first, second]);
    expect(readdirSync(path.join(data, 'replaced'))).toHaveLength(1);
    expectNoTrace(data);
  });

  it('is refused while a service uses the folder', async () => {
    await createBackup(data, target);
    const owner = new DataFolder(settingsOf(data));
    const before = contents(data);
    // SQLite also detects a lock of the same process.
    await expect(restore(target, data)).rejects.toThrow('is in use by another Wellformed process');
    owner.onApplicationShutdown();
    expect(contents(data)).toEqual(before);
  });

  it.each<[string, (backup: string) => void, RegExp]>([
    ['without a manifest', (backup) => rmSync(path.join(backup, MANIFEST)), /is not a backup/],
    ['with half a manifest', (backup) => writeFileSync(path.join(backup, MANIFEST), '{'), /is damaged/],
    ['of a later layout', (backup) => edit(backup, { format: 2 as never }), /newer version/],
    [
      'whose manifest leads elsewhere',
      (backup) => edit(backup, { files: [{ name: '../../etc/x', size: 1, sha256: 'a'.repeat(64) }] }),
      /is damaged/,
    ],
    ['without a database', (backup) => edit(backup, { files: [] }), /names no database/],
    [
      'with a changed file',
      (backup) => appendFileSync(path.join(backup, 'datasets', dataset, 'rows.tsv'), 'x'),
      /rows\.tsv of the backup is damaged/,
    ],
    [
      'without a file',
      (backup) => rmSync(path.join(backup, 'models', first, 'model.onnx')),
      /onnx of the backup is missing/,
    ],
    [
      'of a newer schema',
      (backup) => {
        const database = path.join(backup, 'wellformed.sqlite');
        change(database, "INSERT INTO migrations (timestamp, name) VALUES (9, 'FromTheFuture9')");
        const manifest = read(backup);
        manifest.files[0]!.sha256 = sum(readFileSync(database));
        edit(backup, manifest);
      },
      /newer version.*FromTheFuture9/,
    ],
  ])('of a backup %s is refused, and changes nothing', async (_, damage, message) => {
    await createBackup(data, target);
    damage(target);
    const before = contents(data);
    await expect(restore(target, data)).rejects.toThrow(message);
    expect(contents(data)).toEqual(before);
    expectNoTrace(data);
    // The lock is free again.
    new DataFolder(settingsOf(data)).onApplicationShutdown();
  });
});

function sum(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function read(backup: string): BackupManifest {
  return JSON.parse(readFileSync(path.join(backup, MANIFEST), 'utf8')) as BackupManifest;
}

function edit(backup: string, changes: Partial<BackupManifest>): void {
  writeFileSync(path.join(backup, MANIFEST), JSON.stringify({ ...read(backup), ...changes }));
}
