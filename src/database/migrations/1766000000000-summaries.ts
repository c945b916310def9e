import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs and models get their best figures in columns of their own, so that lists need not read all evaluations. */
export class Summaries1766000000000 implements MigrationInterface {
  readonly name = 'Summaries1766000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "runs" ADD COLUMN "mcc" double precision`);
    for (const { id, evaluations } of await rowsOf(queryRunner, 'runs', 'evaluations')) {
      const mccs = (JSON.parse(evaluations) as { validation: { mcc: number } }[]).map(
        ({ validation }) => validation.mcc,
      );
      if (mccs.length > 0) await set(queryRunner, 'runs', 'mcc', id, Math.max(...mccs));
    }
    await queryRunner.query(`ALTER TABLE "models" ADD COLUMN "best" text NOT NULL DEFAULT '{}'`);
    for (const { id, metrics } of await rowsOf(queryRunner, 'models', 'metrics')) {
      const { best } = JSON.parse(metrics) as { best: object };
      await set(queryRunner, 'models', 'best', id, JSON.stringify(best));
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "models" DROP COLUMN "best"`);
    await queryRunner.query(`ALTER TABLE "runs" DROP COLUMN "mcc"`);
  }
}

// Plain SQL: the entities have other columns by and by, and would write JSON as JSON once more.

function rowsOf<C extends string>(
  queryRunner: QueryRunner,
  table: string,
  column: C,
): Promise<Record<'id' | C, string>[]> {
  return queryRunner.query(`SELECT "id", "${column}" FROM "${table}"`) as Promise<Record<'id' | C, string>[]>;
}

async function set(
  queryRunner: QueryRunner,
  table: string,
  column: string,
  id: string,
  value: unknown,
): Promise<void> {
  const parameter = (index: number) => queryRunner.connection.driver.createParameter('value', index);
  await queryRunner.query(
    `UPDATE "${table}" SET "${column}" = ${parameter(0)} WHERE "id" = ${parameter(1)}`,
    [value, id],
  );
}
