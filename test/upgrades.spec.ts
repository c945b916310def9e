import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appliedMigrations, query } from '../src/database/database-file.js';
import { Database } from '../src/storage/sqlite.js';
import { migrationNames } from '../src/database/migrations/index.js';
import { runServiceProcess } from './support/service-process.js';
import { startService, type Service } from './support/service.js';

/* A data folder as the first release left it (goldens/make-first-release.mjs), opened by the service of today. */

const golden = fileURLToPath(new URL('./goldens/first-release/', import.meta.url));
const told = JSON.parse(readFileSync(path.join(golden, 'answers.json'), 'utf8')) as {
  cutOff: string;
  sentences: string[];
  predictions: { model: { id: string }; predictions: { acceptable: boolean; score: number }[] }[];
  answers: Record<string, unknown>;
};

let folder: string;
let service: Service;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'wellformed-upgrade-'));
  cpSync(path.join(golden, 'data-folder'), folder, { recursive: true });
  service = await startService(folder);
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a data folder of the first release', () => {
  it.each(Object.keys(told.answers))('answers as it did then: GET %s', async (route) => {
    // There may be more in an answer today, and nothing less.
    expect(JSON.parse(await service.client.text(route))).toMatchObject(told.answers[route] as object);
  });

  it('shows the run that its end cut off', async () => {
    expect(await service.client.run(told.cutOff)).toMatchObject({
      status: 'interrupted',
      // Stored as a title and details then.
      error: {
        code: 'interrupted',
        message: expect.stringMatching(/^The run was interrupted\. .*POST \/train/),
        param: null,
      },
    });
  });

  it('judges with the models that were trained then, to the same scores', async () => {
    for (const { model, predictions } of told.predictions) {
      const answer = await service.client.judge(told.sentences, { model: model.id });
      expect(answer.model.precision).toBe('fp32');
      answer.predictions.forEach(({ acceptable, score }, i) => {
        expect(acceptable).toBe(predictions[i]!.acceptable);
        expect(Math.abs(score - predictions[i]!.score)).toBeLessThan(1e-5);
      });
    }
    expect(await service.client.api.health.ready()).toMatchObject({ status: 'ok' });
    expect(readdirSync(folder)).not.toContain('orphans');
  });

  it('is brought up to date, and what it was before is kept', () => {
    expect(appliedMigrations(path.join(folder, 'wellformed.sqlite'))).toEqual(migrationNames);
    const [copy, ...more] = readdirSync(path.join(folder, 'backups'));
    expect(more).toEqual([]);
    const file = path.join(folder, 'backups', copy!);
    expect(appliedMigrations(file)).toEqual(migrationNames.slice(0, 1));
    const runs = (database: string) =>
      query(database, 'SELECT id, hyperparameters FROM runs ORDER BY id', { unless: 'runs' });
    // Reading leaves files beside a database, even in a folder of goldens.
    const untouched = path.join(folder, 'untouched.sqlite');
    cpSync(path.join(golden, 'data-folder', 'wellformed.sqlite'), untouched);
    expect(runs(file)).toEqual(runs(untouched));
  });
});

describe('a data folder of a later release', () => {
  it('is refused with advice, and left as it is', async () => {
    const later = mkdtempSync(path.join(tmpdir(), 'wellformed-later-'));
    const file = path.join(later, 'wellformed.sqlite');
    cpSync(path.join(golden, 'data-folder'), later, { recursive: true });
    const database = new Database(file);
    database.exec("INSERT INTO migrations (timestamp, name) VALUES (9, 'FromTheFuture9')");
    database.close();
    const before = readFileSync(file);
    const { code, output } = await runServiceProcess({ WELLFORMED_DATA: later, WELLFORMED_PORT: '0' });
    expect(code).toBe(1);
    expect(output.trim()).toMatch(
      /^\S+ was written by a newer version of Wellformed.*Use that version, or restore/,
    );
    expect(readFileSync(file)).toEqual(before);
    rmSync(later, { recursive: true });
  });
});
