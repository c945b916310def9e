import type BetterSqlite3 from 'better-sqlite3';
import type { DataSourceOptions } from 'typeorm';
import { Database } from '../storage/sqlite.js';
import { migrations } from './migrations/index.js';
import { SnakeCaseNamingStrategy } from './naming-strategy.js';

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
