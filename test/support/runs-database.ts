import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { defaultHyperparameters } from '../../src/bert/fine-tuning/hyperparameters.js';
import { newId } from '../../src/common/identifiers.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Transactions } from '../../src/database/transactions.js';
import { DatasetEntity } from '../../src/datasets/dataset.entity.js';
import { RunEventEntity } from '../../src/training/run-event.entity.js';
import { RunJudgementsEntity } from '../../src/training/run-judgements.entity.js';
import { RunLogLineEntity } from '../../src/training/run-log-line.entity.js';
import { RunEntity } from '../../src/training/run.entity.js';
import { queuedRun, type Run } from '../../src/training/run.js';
import { RunsRepository, type Claim } from '../../src/training/runs.repository.js';

export interface RunsDatabase {
  transactions: Transactions;
  runs: RunsRepository;
  /** Stores a queued run. */
  addRun(changes?: Partial<Run>): Promise<string>;
  /** Takes a queued run up, until it trains. */
  start(runId: string): Promise<Claim>;
  /** Makes the data of an event unreadable. */
  damageEvent(runId: string, sequence: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a real database with a data set to train on. */
export async function openRunsDatabase(): Promise<RunsDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-runs-'));
  const dataSource = new DataSource({
    ...dataSourceOptions(path.join(folder, 'test.sqlite')),
    entities: [DatasetEntity, RunEntity, RunEventEntity, RunJudgementsEntity, RunLogLineEntity],
  });
  await dataSource.initialize();
  const datasetId = newId('ds');
  await dataSource.getRepository(DatasetEntity).insert({
    id: datasetId,
    name: 'practice',
    contentHash: 'a'.repeat(64),
    rows: 2,
    acceptable: 1,
    unacceptable: 1,
    statistics: {} as never,
    problems: [],
    originalFileName: null,
    bytes: 20,
    createdAt: new Date(),
  });
  const transactions = new Transactions(dataSource);
  const runs = new RunsRepository(transactions);
  return {
    transactions,
    runs,
    addRun: async (changes) => {
      const order = { datasetId, validationDatasetId: null, name: null, promote: 'auto' as const };
      const hyperparameters = {
        ...defaultHyperparameters,
        epochs: 1,
        maxLength: 'auto' as const,
        validationFraction: 0.1,
      };
      const run = { ...queuedRun({ ...order, baseModel: 'tiny-bert', hyperparameters }), ...changes };
      await runs.insert(run);
      return run.id;
    },
    start: async (runId) => {
      const claim = await runs.take(runId, 'me', new Date(Date.now() + 60_000));
      if (!claim) throw new Error(`${runId} is not queued`);
      await runs.transition(runId, { status: 'running' }, claim);
      return claim;
    },
    damageEvent: async (runId, sequence) => {
      await dataSource.query('UPDATE run_events SET data = ? WHERE run_id = ? AND sequence = ?', [
        '{"step" 1',
        runId,
        sequence,
      ]);
    },
    close: async () => {
      await dataSource.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}
