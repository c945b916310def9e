import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { Database } from '../../../src/storage/sqlite.js';

/** The names in a folder of the service's data; none before something is stored there, which makes the folder. */
export function namesIn(data: string, ...folder: string[]): string[] {
  const place = path.join(data, ...folder);
  return existsSync(place) ? readdirSync(place).sort() : [];
}

/** What was set aside: published, and never confirmed. */
export function orphansIn(data: string): string[] {
  return namesIn(data, 'orphans').flatMap((kind) => namesIn(data, 'orphans', kind));
}

/** Looks through the whole database, as SQLite itself can. @returns the ids that a table has */
export function expectSoundDatabase(data: string): (table: string) => string[] {
  const file = path.join(data, 'wellformed.sqlite');
  const read = <T>(query: (database: InstanceType<typeof Database>) => T): T => {
    const database = new Database(file, { readonly: true });
    try {
      return query(database);
    } finally {
      database.close();
    }
  };
  expect(read((database) => database.pragma('integrity_check', { simple: true }))).toBe('ok');
  expect(read((database) => database.pragma('foreign_key_check'))).toEqual([]);
  return (table) => read((database) => database.prepare(`SELECT id FROM ${table}`).pluck().all() as string[]);
}
