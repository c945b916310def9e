import { existsSync } from 'node:fs';
import path from 'node:path';
import { Global, Logger, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataFolder } from '../storage/data-folder.js';
import { SpaceReserve } from '../storage/space-reserve.js';
import { backUpBeforeMigrations } from './backup-before-migrations.js';
import { dataSourceOptions } from './data-source.js';
import { checkQuickly, DATABASE_FILE } from './database-file.js';
import { Transactions } from './transactions.js';

const logger = new Logger('Database');

/** A longer check is logged, so that a slow start is explained. */
const LONG_CHECK_MS = 1000;

function checkDatabaseFile(file: string): void {
  if (!existsSync(file)) return;
  const started = performance.now();
  checkQuickly(file);
  const milliseconds = performance.now() - started;
  if (milliseconds > LONG_CHECK_MS)
    logger.log(`Checked the database in ${(milliseconds / 1000).toFixed(1)} s`);
}

/** The database in the data folder. A feature names its entities with `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      // Inject DataFolder so that the database is never opened without its lock, and SpaceReserve so that it
      // has room on a full disk.
      inject: [DataFolder, SpaceReserve],
      useFactory: async (folder: DataFolder) => {
        const file = path.join(folder.path, DATABASE_FILE);
        checkDatabaseFile(file);
        const copy = await backUpBeforeMigrations(file, path.join(folder.path, 'backups'));
        if (copy) logger.log(`Bringing the database up to date; as it was before, it is in ${copy}`);
        return {
          ...dataSourceOptions(file),
          autoLoadEntities: true,
          // A file that fails to open will fail again.
          toRetry: () => false,
        };
      },
    }),
  ],
  providers: [Transactions],
  exports: [Transactions],
})
export class DatabaseModule {}
