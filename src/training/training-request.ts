import { hyperparametersIn, type AskedHyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import { InvalidInputError, type InputProblem } from '../common/errors.js';
import type { Dataset } from '../datasets/dataset.js';
import type { PreparedDataset } from '../datasets/datasets.service.js';
import type { RowsSource as StoredRows } from '../datasets/rows-file.js';
import type { PromotionRule } from '../models/model-version.js';
import type { RunHyperparameters } from './run.js';

/** What somebody asks of a training, beside the files that came with it. */
export interface TrainingRequest extends AskedHyperparameters {
  datasetId?: string;
  validationDatasetId?: string;
  /** Share of the training rows to hold out where there is no validation set; default: a tenth. */
  validationFraction?: number;
  /** What to call the model. */
  name?: string;
  baseModel: string;
  promote: PromotionRule;
  /** Where a sweep asks. */
  sweep?: { id: string; trial: number };
  priority?: number;
  checkpointSteps?: number;
  maxRestarts?: number;
  pauseAfterEpoch?: number;
}

/** Rows that a run is to use: those of a stored dataset, or of a file that came with the request. */
export type RowsSource = { datasetId: string } | { upload: PreparedDataset };

/** What is known of rows whether they are stored yet or not. */
export type RowsFacts = Pick<Dataset, 'rows' | 'acceptable' | 'unacceptable' | 'statistics'>;

/** The same, and where the rows lie. */
export type PlannedRows = RowsFacts & StoredRows;

/** The files of a form. */
export interface Uploads {
  file?: PreparedDataset;
  validationFile?: PreparedDataset;
}

const defaultFraction = 0.1;

/**
 * What to train on: a file or a dataset, not both.
 * @throws InvalidInputError
 */
export function trainingSource({ datasetId }: TrainingRequest, { file }: Uploads): RowsSource {
  if (file && datasetId !== undefined) throw both('file', 'datasetId');
  if (file) return { upload: file };
  if (datasetId !== undefined) return { datasetId };
  throw invalid({
    path: ['datasetId'],
    message:
      'there is nothing to train on: send a file (curl -F file=@sentences.tsv) or the datasetId of an upload',
  });
}

/** What to validate on; null where rows are to be held out. */
export function validationSource(
  { validationDatasetId, validationFraction }: TrainingRequest,
  { validationFile }: Uploads,
): RowsSource | null {
  if (validationFile && validationDatasetId !== undefined)
    throw both('validationFile', 'validationDatasetId');
  const source = validationFile
    ? { upload: validationFile }
    : validationDatasetId !== undefined
      ? { datasetId: validationDatasetId }
      : null;
  if (source && validationFraction !== undefined) {
    throw invalid({
      path: ['validationFraction'],
      message:
        'validationFraction holds rows out of the training set: leave it out where a validation set is given',
    });
  }
  return source;
}

/**
 * Checks that the rows can be trained on.
 * @param heldOut whether some of them are to be held out for validation
 */
export function assertTrainable({ rows, acceptable, unacceptable }: RowsFacts, heldOut: boolean): void {
  const path = ['datasetId'];
  if (acceptable === 0 || unacceptable === 0) {
    const missing = acceptable === 0 ? 'acceptable (label 1)' : 'unacceptable (label 0)';
    throw invalid({
      path,
      message: `the training set has no ${missing} sentence among its ${rows}: both classes are needed to learn from`,
    });
  }
  if (heldOut && acceptable < 2 && unacceptable < 2) {
    throw invalid({
      path,
      message: 'two rows are too few to hold some out for validation: send more, or a validation set',
    });
  }
}

export function hyperparametersOf(request: TrainingRequest, heldOut: boolean): RunHyperparameters {
  const validationFraction = heldOut ? (request.validationFraction ?? defaultFraction) : null;
  return { ...hyperparametersIn(request), validationFraction };
}

export function invalid(...problems: [InputProblem, ...InputProblem[]]): InvalidInputError {
  const messages = problems.map(({ message }) => message).join('; ');
  return new InvalidInputError(`The run cannot be started: ${messages}`, problems);
}

function both(file: string, id: string): InvalidInputError {
  return invalid({ path: [id], message: `${file} and ${id} exclude each other: send one of them` });
}
