import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** What is sent when a run ends, and how that went. A delivery outlives its run, so it has no foreign key. */
export class WebhookDeliveries1767000100000 implements MigrationInterface {
  readonly name = 'WebhookDeliveries1767000100000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'webhook_deliveries',
        columns: [
          { name: 'id', type: 'varchar', length: '32', isPrimary: true },
          { name: 'type', type: 'varchar', length: '64' },
          { name: 'run_id', type: 'varchar', length: '32', isNullable: true },
          { name: 'status', type: 'varchar', length: '16' },
          { name: 'payload', type: 'text' },
          { name: 'attempts', type: 'text' },
          { name: 'next_attempt_at', type: 'varchar', length: '24', isNullable: true },
          { name: 'created_at', type: 'varchar', length: '24' },
        ],
        indices: [{ columnNames: ['status', 'next_attempt_at'] }, { columnNames: ['run_id'] }],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('webhook_deliveries');
  }
}
