import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Sweeps, and of each run which trial of which sweep it is and how long it was at work. Earlier runs are of none, and their time was not counted. */
export class Sweeps1767000600000 implements MigrationInterface {
  readonly name = 'Sweeps1767000600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'sweeps',
        columns: [
          { name: 'id', type: 'varchar', length: '32', isPrimary: true },
          { name: 'status', type: 'varchar', length: '16' },
          { name: 'name', type: 'varchar', length: '200', isNullable: true },
          { name: 'dataset_id', type: 'varchar', length: '32' },
          { name: 'validation_dataset_id', type: 'varchar', length: '32', isNullable: true },
          { name: 'validation_fraction', type: 'double precision', isNullable: true },
          { name: 'base_model', type: 'varchar', length: '255' },
          { name: 'promote', type: 'varchar', length: '8' },
          { name: 'search', type: 'text' },
          { name: 'budget', type: 'text' },
          { name: 'trials', type: 'text' },
          { name: 'trial_count', type: 'integer' },
          { name: 'best_run_id', type: 'varchar', length: '32', isNullable: true },
          { name: 'error', type: 'text', isNullable: true },
          { name: 'created_at', type: 'varchar', length: '24' },
          { name: 'finished_at', type: 'varchar', length: '24', isNullable: true },
        ],
        indices: [
          { columnNames: ['status'] },
          { columnNames: ['dataset_id'] },
          { columnNames: ['validation_dataset_id'] },
        ],
        foreignKeys: ['dataset_id', 'validation_dataset_id'].map((column) => ({
          columnNames: [column],
          referencedTableName: 'datasets',
          referencedColumnNames: ['id'],
          onDelete: 'RESTRICT',
        })),
      }),
    );
    // Not through the query runner: on SQLite it would copy the table, which would drop what refers to it.
    await queryRunner.query('ALTER TABLE "runs" ADD COLUMN "sweep_id" varchar(32)');
    await queryRunner.query('ALTER TABLE "runs" ADD COLUMN "trial" integer');
    await queryRunner.query('ALTER TABLE "runs" ADD COLUMN "taken_at" varchar(24)');
    await queryRunner.query(
      'ALTER TABLE "runs" ADD COLUMN "worked_seconds" double precision NOT NULL DEFAULT 0',
    );
    await queryRunner.createIndex('runs', trialOfSweep);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropIndex('runs', trialOfSweep);
    await queryRunner.query('ALTER TABLE "runs" DROP COLUMN "worked_seconds"');
    await queryRunner.query('ALTER TABLE "runs" DROP COLUMN "taken_at"');
    await queryRunner.query('ALTER TABLE "runs" DROP COLUMN "trial"');
    await queryRunner.query('ALTER TABLE "runs" DROP COLUMN "sweep_id"');
    await queryRunner.dropTable('sweeps');
  }
}

const trialOfSweep = new TableIndex({ columnNames: ['sweep_id', 'trial'], isUnique: true });
