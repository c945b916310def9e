import { tidy } from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../config.js';
import { evaluatePredictions, type Evaluation } from '../evaluation/evaluation.js';
import { makeBatch } from '../network/batch.js';
import { classify } from '../network/classifier.js';
import { DropoutPlaces } from '../network/dropout-places.js';
import type { Parameters } from '../network/parameters.js';
import { evaluationBatches } from './batches.js';
import type { Example } from './example.js';

const EVALUATION_BATCH_SIZE = 64;

/** Judges examples with the parameters as they are, dropout off. @returns with the logits of all, [examples, 2] */
export async function evaluate(
  config: EncoderConfig,
  parameters: Parameters,
  examples: readonly Example[],
  signal?: AbortSignal,
): Promise<{ evaluation: Evaluation; logits: Float32Array }> {
  const logits = new Float32Array(examples.length * 2);
  const lengths = examples.map((example) => example.tokenIds.length);
  for (const indices of evaluationBatches(lengths, EVALUATION_BATCH_SIZE)) {
    const rows = indices.map((index) => examples[index]!);
    const batchLogits = tidy(() => {
      const batch = makeBatch(
        rows.map((row) => row.tokenIds),
        rows.map((row) => row.label),
        config.padTokenId,
      );
      return classify(config, parameters, batch, DropoutPlaces.off()).dataSync();
    });
    indices.forEach((index, row) => logits.set(batchLogits.subarray(row * 2, row * 2 + 2), index * 2));
    await messagesMayArrive();
    signal?.throwIfAborted();
  }
  const labels = examples.map((example) => example.label);
  return { evaluation: evaluatePredictions(labels, logits), logits };
}

/** Computing blocks the thread. This pause lets it receive a request to stop. */
export function messagesMayArrive(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
