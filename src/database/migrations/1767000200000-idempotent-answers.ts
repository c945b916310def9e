import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** The answers to requests with an idempotency key. */
export class IdempotentAnswers1767000200000 implements MigrationInterface {
  readonly name = 'IdempotentAnswers1767000200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'idempotent_answers',
        columns: [
          { name: 'client', type: 'varchar', length: '64', isPrimary: true },
          { name: 'route', type: 'varchar', length: '100', isPrimary: true },
          { name: 'key', type: 'varchar', length: '255', isPrimary: true },
          { name: 'fingerprint', type: 'varchar', length: '64' },
          { name: 'status', type: 'integer' },
          { name: 'location', type: 'varchar', length: '200' },
          { name: 'body', type: 'text' },
          { name: 'expires_at', type: 'varchar', length: '24' },
        ],
        indices: [{ columnNames: ['expires_at'] }],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('idempotent_answers');
  }
}
