import { statfs } from 'node:fs/promises';
import type { EncoderConfig } from '../bert/config.js';
import { parameterBytes } from '../bert/fine-tuning/memory.js';
import type { RunHyperparameters } from './run.js';

/** What a job needs, and what there is for it. */
export interface Space {
  neededBytes: number;
  availableBytes: number;
}

/** The weights as they are and in integers, and the vocabulary beside them. */
const MODEL_SHARE = 1.3;
/** A new checkpoint is complete before the one that it replaces is deleted. */
const CHECKPOINTS = 2;
/** The weights and both moments of AdamW. */
const STATES = 3;

/**
 * How much disk a run takes at its peak, in bytes: its model, the weights of the best evaluation, and its checkpoints.
 * @param vocabulary word pieces that occur in the data, where that is known: checkpoints hold the embeddings of these alone
 * @param baseModel whether it is on disk; if not, it is downloaded
 */
export function diskNeeded(
  config: EncoderConfig,
  { weightAveraging }: Pick<RunHyperparameters, 'weightAveraging'>,
  baseModel: { stored: boolean },
  vocabulary = config.vocabSize,
): number {
  const weights = parameterBytes(config);
  const trained = parameterBytes({ ...config, vocabSize: Math.min(vocabulary, config.vocabSize) });
  const states = STATES + (weightAveraging > 0 ? 1 : 0);
  const best = weights;
  return Math.ceil(
    MODEL_SHARE * weights + best + CHECKPOINTS * states * trained + (baseModel.stored ? 0 : weights),
  );
}

/** What is free on the disk of a folder, in bytes. */
export async function availableDisk(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
