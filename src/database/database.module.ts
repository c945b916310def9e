import path from 'node:path';
import { Global, Logger, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataFolder } from '../storage/data-folder.js';
import { SpaceReserve } from '../storage/space-reserve.js';
import { backUpBeforeMigrations } from './backup-before-migrations.js';
import { dataSourceOptions } from './data-source.js';
import { DATABASE_FILE } from './database-file.js';
import { Transactions } from './transactions.js';

const logger = new Logger('Database');

/** The database in the data folder. A feature names its entities with `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      // Through DataFolder, so that the database is never opened without its lock; SpaceReserve gives it room on a full disk.
      inject: [DataFolder, SpaceReserve],
      useFactory: async (folder: DataFolder) => {
        const file = path.join(folder.path, DATABASE_FILE);
        const copy = await backUpBeforeMigrations(file, path.join(folder.path, 'backups'));
        if (copy) logger.log(`Bringing the database up to date; as it was before, it is in ${copy}`);
        return {
          ...dataSourceOptions(file),
          autoLoadEntities: true,
          // What fails to open a file once fails again.
          toRetry: () => false,
        };
      },
    }),
  ],
  providers: [Transactions],
  exports: [Transactions],
})
export class DatabaseModule {}
