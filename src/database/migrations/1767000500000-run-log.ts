import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Runs keep what their training process printed and what the service says of them. Earlier runs have nothing of it. */
export class RunLog1767000500000 implements MigrationInterface {
  readonly name = 'RunLog1767000500000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'run_log_lines',
        columns: [
          { name: 'run_id', type: 'varchar', length: '32', isPrimary: true },
          { name: 'sequence', type: 'integer', isPrimary: true },
          { name: 'attempt', type: 'integer', default: '1' },
          { name: 'source', type: 'varchar', length: '8' },
          { name: 'text', type: 'varchar', length: '1000' },
          { name: 'created_at', type: 'varchar', length: '24' },
        ],
        foreignKeys: [
          {
            columnNames: ['run_id'],
            referencedTableName: 'runs',
            referencedColumnNames: ['id'],
            onDelete: 'CASCADE',
          },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('run_log_lines');
  }
}
