import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Runs keep what their best evaluation judged, so that they can be compared row by row. Earlier runs have nothing of it. */
export class RunJudgements1767000300000 implements MigrationInterface {
  readonly name = 'RunJudgements1767000300000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'run_judgements',
        columns: [
          { name: 'run_id', type: 'varchar', length: '32', isPrimary: true },
          { name: 'labels', type: 'text' },
          { name: 'log_odds', type: 'text' },
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
    await queryRunner.dropTable('run_judgements');
  }
}
