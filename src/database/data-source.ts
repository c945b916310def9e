import type { DataSourceOptions } from 'typeorm';
import { Database } from '../common/sqlite.js';
import { InitialSchema1764000000000 } from './migrations/1764000000000-initial-schema.js';
import { FineTuningOptions1764500000000 } from './migrations/1764500000000-fine-tuning-options.js';
import { ServingAssessment1765000000000 } from './migrations/1765000000000-serving-assessment.js';
import { SnakeCaseNamingStrategy } from './naming-strategy.js';

/** How the database is opened; entities are added by whoever knows them. Migrations run as it is opened. */
export function dataSourceOptions(file: string): DataSourceOptions {
  return {
    type: 'better-sqlite3',
    database: file,
    driver: Database,
    enableWAL: true,
    namingStrategy: new SnakeCaseNamingStrategy(),
    migrations: [InitialSchema1764000000000, FineTuningOptions1764500000000, ServingAssessment1765000000000],
    migrationsRun: true,
    migrationsTransactionMode: 'all',
    synchronize: false,
  };
}
