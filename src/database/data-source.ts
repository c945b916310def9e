import type BetterSqlite3 from 'better-sqlite3';
import { type DataSourceOptions, DefaultNamingStrategy } from 'typeorm';
import { Database } from '../storage/sqlite.js';
import { migrations } from './migrations/index.js';

/** How the database is opened; entities are added by whoever knows them. Migrations run as it is opened. */
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
 * What was answered must outlive a power cut: files are synced before their row is stored, and a row that is lost would leave them to
 * nobody. better-sqlite3 is compiled with NORMAL for WAL, which syncs at checkpoints alone. `fullfsync` is for macOS, where a
 * plain sync stays in the cache of the disk.
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
