import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

/** All tables of the first release. Built through TypeORM's schema API: the same code makes them on PostgreSQL. */
export class InitialSchema1764000000000 implements MigrationInterface {
  readonly name = 'InitialSchema1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of tables()) await queryRunner.createTable(table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of tables().reverse()) await queryRunner.dropTable(table.name);
  }
}

function tables(): Table[] {
  return [
    new Table({
      name: 'datasets',
      columns: [
        id(),
        varchar('name', 200),
        varchar('content_hash', 64),
        integer('rows'),
        integer('acceptable'),
        integer('unacceptable'),
        json('statistics'),
        json('problems'),
        nullable(varchar('original_file_name', 255)),
        { name: 'bytes', type: 'bigint' },
        time('created_at'),
      ],
    }),
    new Table({
      name: 'runs',
      columns: [
        id(),
        { ...integer('version'), default: 1 },
        varchar('status', 16),
        nullable(varchar('phase', 32)),
        reference('dataset_id'),
        nullable(reference('validation_dataset_id')),
        nullable(varchar('name', 100)),
        varchar('base_model', 255),
        json('hyperparameters'),
        varchar('promote', 8),
        nullable(varchar('engine', 16)),
        nullable(json('plan')),
        { ...integer('step'), default: 0 },
        nullable(integer('total_steps')),
        { ...integer('epoch'), default: 0 },
        nullable(double('loss')),
        nullable(double('learning_rate')),
        nullable(double('examples_per_second')),
        { ...double('progress'), default: 0 },
        nullable(double('seconds_left')),
        nullable(json('download')),
        json('epochs'),
        nullable(json('error')),
        nullable(reference('model_id')),
        nullable(varchar('owner', 64)),
        nullable(time('lease_expires_at')),
        time('created_at'),
        nullable(time('started_at')),
        nullable(time('finished_at')),
      ],
      indices: [
        { columnNames: ['status'] },
        { columnNames: ['dataset_id'] },
        { columnNames: ['validation_dataset_id'] },
      ],
      foreignKeys: [
        foreignKey('dataset_id', 'datasets', 'RESTRICT'),
        foreignKey('validation_dataset_id', 'datasets', 'RESTRICT'),
      ],
    }),
    new Table({
      name: 'run_events',
      columns: [
        serial(),
        reference('run_id'),
        integer('sequence'),
        varchar('type', 32),
        json('data'),
        time('created_at'),
      ],
      indices: [{ columnNames: ['run_id', 'sequence'], isUnique: true }],
      foreignKeys: [foreignKey('run_id', 'runs', 'CASCADE')],
    }),
    new Table({
      name: 'models',
      columns: [
        id(),
        varchar('name', 200),
        nullable(reference('run_id')),
        varchar('base_model', 255),
        json('dataset'),
        json('validation'),
        json('hyperparameters'),
        varchar('engine', 16),
        json('config'),
        json('metrics'),
        json('promotion'),
        json('files'),
        { name: 'bytes', type: 'bigint' },
        time('created_at'),
      ],
      indices: [{ columnNames: ['run_id'] }],
      foreignKeys: [foreignKey('run_id', 'runs', 'RESTRICT')],
    }),
    new Table({
      name: 'evaluations',
      columns: [
        id(),
        reference('model_id'),
        nullable(reference('dataset_id')),
        varchar('dataset_name', 200),
        varchar('content_hash', 64),
        varchar('status', 16),
        nullable(json('result')),
        nullable(json('error')),
        time('created_at'),
        nullable(time('finished_at')),
      ],
      indices: [{ columnNames: ['model_id'] }, { columnNames: ['dataset_id'] }],
      foreignKeys: [
        foreignKey('model_id', 'models', 'CASCADE'),
        foreignKey('dataset_id', 'datasets', 'SET NULL'),
      ],
    }),
    new Table({
      name: 'aliases',
      columns: [{ ...varchar('name', 64), isPrimary: true }, reference('model_id'), time('updated_at')],
      indices: [{ columnNames: ['model_id'] }],
      foreignKeys: [foreignKey('model_id', 'models', 'RESTRICT')],
    }),
    new Table({
      name: 'alias_changes',
      columns: [
        serial(),
        varchar('name', 64),
        nullable(reference('model_id')),
        nullable(reference('previous_model_id')),
        { name: 'reason', type: 'text' },
        time('created_at'),
      ],
      indices: [{ columnNames: ['name'] }],
    }),
  ];
}

function id(): TableColumnOptions {
  return { ...varchar('id', 32), isPrimary: true };
}

function serial(): TableColumnOptions {
  return { ...integer('id'), isPrimary: true, isGenerated: true, generationStrategy: 'increment' };
}

function reference(name: string): TableColumnOptions {
  return varchar(name, 32);
}

function varchar(name: string, length: number): TableColumnOptions {
  return { name, type: 'varchar', length: String(length) };
}

function integer(name: string): TableColumnOptions {
  return { name, type: 'integer' };
}

function double(name: string): TableColumnOptions {
  return { name, type: 'double precision' };
}

function json(name: string): TableColumnOptions {
  return { name, type: 'text' };
}

/** ISO 8601, UTC, milliseconds. */
function time(name: string): TableColumnOptions {
  return varchar(name, 24);
}

function nullable(column: TableColumnOptions): TableColumnOptions {
  return { ...column, isNullable: true };
}

function foreignKey(column: string, table: string, onDelete: 'RESTRICT' | 'CASCADE' | 'SET NULL') {
  return { columnNames: [column], referencedTableName: table, referencedColumnNames: ['id'], onDelete };
}
