import type { MigrationInterface, QueryRunner } from 'typeorm';

interface Problem {
  title: string;
  detail: string;
}

/**
 * The error of a run has a code, a message and the field to change, where it had a title and details. Of earlier errors the field is
 * not known. Messages of webhooks stay as they were made: their receivers may have had them already.
 */
export class RunErrors1767000400000 implements MigrationInterface {
  readonly name = 'RunErrors1767000400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await change(queryRunner, (error) => {
      if (!isProblem(error)) return error;
      const { title, detail } = error;
      return { code: codes.get(title) ?? 'unexpected', message: `${title}. ${detail}`, param: null };
    });
    await queryRunner.query(`UPDATE "runs" SET "version" = 3`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await change(queryRunner, (error): unknown => {
      const { code, message } = error as { code?: string; message?: string };
      if (typeof message !== 'string') return error;
      const titles = [...codes.keys()];
      // What came here from a title goes back to it.
      const title = titles.find((known) => message.startsWith(`${known}. `));
      if (title !== undefined) return { title, detail: message.slice(title.length + 2) };
      return {
        title: titles.find((known) => codes.get(known) === code) ?? 'The training failed',
        detail: message,
      };
    });
    await queryRunner.query(`UPDATE "runs" SET "version" = 2`);
  }
}

/** What became of each title. */
const codes = new Map([
  ['The rows are damaged', 'rows-damaged'],
  ['The base model cannot be used', 'invalid-base-model'],
  ['The base model could not be downloaded', 'base-model-unavailable'],
  ['The engine could not be started', 'engine-unavailable'],
  ['The job cannot be done', 'invalid-hyperparameter'],
  ['The trained model cannot be served', 'model-not-servable'],
  ['The job does not fit into memory', 'job-too-large'],
  ['The training diverged', 'training-diverged'],
  ['The disk is full', 'disk-full'],
  ['The training ran out of memory', 'out-of-memory'],
  ['The training process was killed', 'process-killed'],
  ['The training process ended early', 'process-crashed'],
  ['The training thread crashed', 'process-crashed'],
  ['The training process could not be started', 'process-not-started'],
  ['The run was interrupted', 'interrupted'],
  ['The training failed', 'unexpected'],
]);

function isProblem(error: unknown): error is Problem {
  const { title, detail } = error as Partial<Problem>;
  return typeof title === 'string' && typeof detail === 'string';
}

/** Gives every error of a run another form, in its row and in the event that it came with. */
async function change(queryRunner: QueryRunner, formed: (error: object) => unknown): Promise<void> {
  // Plain SQL: an entity has other columns by and by, and would write JSON as JSON once more.
  const parameter = (index: number) => queryRunner.connection.driver.createParameter('value', index);
  const write = (table: string, column: string, id: unknown, value: object) =>
    queryRunner.query(`UPDATE "${table}" SET "${column}" = ${parameter(0)} WHERE "id" = ${parameter(1)}`, [
      JSON.stringify(value),
      id,
    ]);
  const runs = (await queryRunner.query(
    `SELECT "id", "error" AS "json" FROM "runs" WHERE "error" IS NOT NULL`,
  )) as Row[];
  for (const { id, json } of runs) {
    const error = objectIn(json);
    if (error) await write('runs', 'error', id, formed(error) as object);
  }
  const events = (await queryRunner.query(
    `SELECT "id", "data" AS "json" FROM "run_events" WHERE "type" = 'status'`,
  )) as Row[];
  for (const { id, json } of events) {
    const data = objectIn(json) as { error?: object } | null;
    if (data?.error) await write('run_events', 'data', id, { ...data, error: formed(data.error) });
  }
}

interface Row {
  id: unknown;
  json: string;
}

/** Null for damage, which stays as it is: whoever reads the row is told. */
function objectIn(json: string): object | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
