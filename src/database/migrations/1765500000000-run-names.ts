import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The name of a run may be as long as every other name: 200 characters. By way of a new column, since SQLite cannot change
 * one, and copying the table would drop what refers to it.
 */
export class RunNames1765500000000 implements MigrationInterface {
  readonly name = 'RunNames1765500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await changeLength(queryRunner, 200);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await changeLength(queryRunner, 100);
  }
}

async function changeLength(queryRunner: QueryRunner, length: number): Promise<void> {
  await queryRunner.query(`ALTER TABLE "runs" RENAME COLUMN "name" TO "old_name"`);
  await queryRunner.query(`ALTER TABLE "runs" ADD COLUMN "name" varchar(${length})`);
  await queryRunner.query(`UPDATE "runs" SET "name" = substr("old_name", 1, ${length})`);
  await queryRunner.query(`ALTER TABLE "runs" DROP COLUMN "old_name"`);
}
