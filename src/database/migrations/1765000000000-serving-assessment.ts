import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Models learn what each precision is worth and costs, evaluations with which precision they judged. The models that are there have
 * float32 alone. Plain SQL: the same on PostgreSQL, and SQLite need not copy the tables.
 */
export class ServingAssessment1765000000000 implements MigrationInterface {
  readonly name = 'ServingAssessment1765000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "models" ADD COLUMN "serving" text`);
    await queryRunner.query(
      `ALTER TABLE "evaluations" ADD COLUMN "precision" varchar(8) NOT NULL DEFAULT 'fp32'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "evaluations" DROP COLUMN "precision"`);
    await queryRunner.query(`ALTER TABLE "models" DROP COLUMN "serving"`);
  }
}
