import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Runs are taken up more than once: they know their attempt, their latest checkpoint and why they have their status. Runs that were
 * interrupted before this keep the time of their end, by which they are told from those that go on by themselves.
 */
export class RunAttempts1767000700000 implements MigrationInterface {
  readonly name = 'RunAttempts1767000700000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [table, column] of columns) {
      await queryRunner.query(`ALTER TABLE "${table}" ADD COLUMN ${column}`);
    }
    // Each run that has begun has had one attempt.
    await queryRunner.query(`UPDATE "runs" SET "attempt" = 1 WHERE "started_at" IS NOT NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // The version before knows nothing that goes on later.
    await queryRunner.query(`UPDATE "runs" SET "status" = 'interrupted' WHERE "status" = 'paused'`);
    await queryRunner.query(`UPDATE "runs" SET "status" = 'running' WHERE "status" = 'preparing'`);
    for (const [table, column] of columns) {
      await queryRunner.query(`ALTER TABLE "${table}" DROP COLUMN ${column.split(' ')[0]}`);
    }
  }
}

const columns = [
  ['runs', '"status_reason" text'],
  ['runs', '"attempt" integer NOT NULL DEFAULT 0'],
  ['runs', '"restarts" integer NOT NULL DEFAULT 0'],
  ['runs', '"checkpoint" text'],
  ['runs', '"resumption" text'],
  ['runs', '"continues" varchar(32)'],
  ['runs', '"initial_model_id" varchar(32)'],
  ['runs', '"estimated_seconds" double precision'],
  ['runs', '"priority" integer NOT NULL DEFAULT 0'],
  ['runs', '"checkpoint_steps" integer'],
  ['runs', '"max_restarts" integer NOT NULL DEFAULT 3'],
  ['runs', '"pause_after_epoch" integer'],
  ['run_events', '"step" integer'],
] as const;
