import type BetterSqlite3 from 'better-sqlite3';
import { type DataSourceOptions, DefaultNamingStrategy } from 'typeorm';
import { Database } from '../storage/sqlite.js';
import { migrations } from './migrations/index.js';

/**
 * Options for opening the database. The database module adds the entities. Migrations run when it is opened.
 */
export function dataSourceOptions(file: string): DataSourceOptions {
  return {
    type: 'better-sqlite3',
    database: file,
    driver: Database,
    enableWAL: true,
    prepareDatabase: makeCommitsDurable,
    namingStrategy: new SnakeCaseNamingStrategy(),
    migrations,
    migrationsRun: true,
    migrationsTransactionMode: 'all',
    synchronize: false,
  };
}

/**
 * Answered requests must survive a power cut. Files are synced before their row is stored, so a lost row
 * would orphan them. better-sqlite3 is compiled with NORMAL for WAL, which only syncs at checkpoints.
 * `fullfsync` is for macOS, where a plain sync stays in the cache of the disk.
 */
function makeCommitsDurable(database: BetterSqlite3.Database): void {
  database.pragma('synchronous = FULL');
  database.pragma('fullfsync = ON');
}

/** Properties are camelCase, columns snake_case. Tables are named by their entity. */
class SnakeCaseNamingStrategy extends DefaultNamingStrategy {
  override columnName(
    propertyName: string,
    customName: string | undefined,
    embeddedPrefixes: string[],
  ): string {
    return [...embeddedPrefixes, customName ?? propertyName]
      .join('_')
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .toLowerCase();
  }
}
