import path from 'node:path';
import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataFolder } from '../storage/data-folder.js';
import { dataSourceOptions } from './data-source.js';
import { Transactions } from './transactions.js';

/** The database in the data folder. A feature names its entities with `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      // Through DataFolder, so that the database is never opened without its lock.
      inject: [DataFolder],
      useFactory: (folder: DataFolder) => ({
        ...dataSourceOptions(path.join(folder.path, 'wellformed.sqlite')),
        autoLoadEntities: true,
        // What fails to open a file once fails again.
        toRetry: () => false,
      }),
    }),
  ],
  providers: [Transactions],
  exports: [Transactions],
})
export class DatabaseModule {}
