import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs say when they will have ended. */
export class EstimatedFinish1767000350000 implements MigrationInterface {
  readonly name = 'EstimatedFinish1767000350000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "runs" ADD COLUMN "estimated_finish" varchar(24)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "runs" DROP COLUMN "estimated_finish"`);
  }
}
