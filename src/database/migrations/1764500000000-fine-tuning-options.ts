import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Runs and models learn of the options of a fine-tuning, of evaluations between the ends of epochs and of early stops. What is
 * stored already was trained with every option off, and evaluated at the ends of epochs alone. Plain SQL where a column is added:
 * the same on PostgreSQL, and SQLite need not copy the table.
 */
export class FineTuningOptions1764500000000 implements MigrationInterface {
  readonly name = 'FineTuningOptions1764500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "runs" ADD COLUMN "evaluations" text NOT NULL DEFAULT '[]'`);
    await queryRunner.query(`ALTER TABLE "runs" ADD COLUMN "stopped_early" text`);
    for (const run of await rows<StoredRun>(queryRunner, 'runs', ['hyperparameters', 'plan', 'epochs'])) {
      const hyperparameters = { ...optionsOff, ...run.hyperparameters };
      // A run without a plan has no epochs.
      const stepsPerEpoch = Math.ceil((run.plan?.trainingRows ?? 0) / run.hyperparameters.batchSize);
      const evaluations = run.epochs.map(({ epoch, validation, best }) => ({
        ...evaluation(epoch, stepsPerEpoch, validation),
        best,
      }));
      await update(queryRunner, 'runs', run.id, { hyperparameters, evaluations });
    }
    await queryRunner.query(`UPDATE "runs" SET "version" = 2`);
    const columns = ['hyperparameters', 'metrics', 'dataset', 'validation'];
    for (const model of await rows<StoredModel>(queryRunner, 'models', columns)) {
      const { dataset, validation, metrics } = model;
      const trainingRows = dataset.rows - (validation.datasetId === null ? validation.rows : 0);
      const stepsPerEpoch = Math.ceil(trainingRows / model.hyperparameters.batchSize);
      await update(queryRunner, 'models', model.id, {
        hyperparameters: { ...optionsOff, ...model.hyperparameters },
        metrics: {
          ...metrics,
          averaged: false,
          evaluations: metrics.epochs.map(({ epoch, validation }) =>
            evaluation(epoch, stepsPerEpoch, validation),
          ),
          stoppedEarly: null,
        },
      });
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['runs', 'models'] as const) {
      for (const { id, hyperparameters } of await rows<StoredRun>(queryRunner, table, ['hyperparameters'])) {
        await update(queryRunner, table, id, {
          hyperparameters: without(hyperparameters, Object.keys(optionsOff)),
        });
      }
    }
    for (const { id, metrics } of await rows<StoredModel>(queryRunner, 'models', ['metrics'])) {
      await update(queryRunner, 'models', id, {
        metrics: without(metrics, ['averaged', 'evaluations', 'stoppedEarly']),
      });
    }
    await queryRunner.query(`UPDATE "runs" SET "version" = 1`);
    await queryRunner.query(`ALTER TABLE "runs" DROP COLUMN "stopped_early"`);
    await queryRunner.query(`ALTER TABLE "runs" DROP COLUMN "evaluations"`);
  }
}

/** As they were named and meant when this migration was written. */
const optionsOff = {
  gradientAccumulationSteps: 1,
  schedule: 'linear',
  layerwiseLearningRateDecay: 1,
  labelSmoothing: 0,
  classWeights: null,
  rDrop: 0,
  reinitializedLayers: 0,
  weightAveraging: 0,
  evaluationSteps: null,
  earlyStoppingPatience: null,
};

interface StoredEpoch {
  epoch: number;
  validation: object;
  best?: boolean;
}

interface StoredRun {
  id: string;
  hyperparameters: { batchSize: number };
  plan: { trainingRows: number } | null;
  epochs: StoredEpoch[];
}

interface StoredModel {
  id: string;
  hyperparameters: { batchSize: number };
  metrics: { epochs: StoredEpoch[] };
  dataset: { rows: number };
  validation: { datasetId: string | null; rows: number };
}

function evaluation(epoch: number, stepsPerEpoch: number, validation: object) {
  return { step: epoch * stepsPerEpoch, epoch, averaged: false, validation };
}

/** Ids and JSON columns, parsed. */
async function rows<Row>(
  queryRunner: QueryRunner,
  table: string,
  columns: readonly string[],
): Promise<Row[]> {
  const names = columns.map((column) => `"${column}"`).join(', ');
  const found = (await queryRunner.query(`SELECT "id", ${names} FROM "${table}"`)) as Record<
    string,
    string
  >[];
  return found.map((row) => {
    const parsed = columns.map((column) => [column, JSON.parse(row[column] ?? 'null')] as const);
    return { id: row.id, ...Object.fromEntries(parsed) } as Row;
  });
}

async function update(
  queryRunner: QueryRunner,
  table: string,
  id: string,
  columns: Record<string, object>,
): Promise<void> {
  const parameter = (index: number) => queryRunner.connection.driver.createParameter('value', index);
  const assignments = Object.keys(columns).map((column, index) => `"${column}" = ${parameter(index)}`);
  const values = Object.values(columns).map((value) => JSON.stringify(value));
  await queryRunner.query(
    `UPDATE "${table}" SET ${assignments.join(', ')} WHERE "id" = ${parameter(values.length)}`,
    [...values, id],
  );
}

function without(fields: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
