import type { BertConfig } from '../config.js';
import type { EngineName } from '../engines/engine.js';
import { parameterShapes } from '../weights/parameter-shapes.js';

/** What decides on the memory of a training step, beside the architecture. */
export interface StepSize {
  batchSize: number;
  /** Tokens of the longest row, [CLS] and [SEP] counted. */
  length: number;
  /** How many different pieces the data holds: only their embeddings are trained. */
  vocabulary: number;
}

/** Bytes that a training takes when it takes most: in the middle of a backward pass. */
export interface TrainingMemory {
  /** Weights, their gradients and a third copy while a gradient is being summed up. */
  parameters: number;
  /** Both moments of AdamW. */
  moments: number;
  /** What the forward pass keeps for the backward pass. */
  activations: number;
}

/** The job does not fit into the memory that the engine has: the message says what to do. */
export class JobTooLargeError extends Error {
  override readonly name = 'JobTooLargeError';
}

/**
 * Estimates the memory of a training step. The factors were fitted to the peak of live tensors of BERT-base and MiniLM-L6 at
 * 8 to 32 rows of 16 to 64 tokens, and were within 4 % of it in each case.
 */
export function estimateTrainingMemory(config: BertConfig, step: StepSize): TrainingMemory {
  const parameters =
    FLOAT * countParameters({ ...config, vocabSize: Math.min(step.vocabulary, config.vocabSize) });
  const tokens = step.batchSize * step.length;
  const hidden = 36 * tokens * config.hiddenSize;
  const intermediate = 8 * tokens * config.intermediateSize;
  const attention = 10 * tokens * step.length * config.numAttentionHeads;
  return {
    parameters: 3 * parameters,
    moments: 2 * parameters,
    activations: FLOAT * config.numHiddenLayers * (hidden + intermediate + attention),
  };
}

/**
 * Checks that a training fits into the memory there is.
 * @param hostMemory bytes that this process may use
 * @throws JobTooLargeError
 */
export function assertFits(
  config: BertConfig,
  step: StepSize,
  engine: EngineName,
  hostMemory: number,
): TrainingMemory {
  const memory = estimateTrainingMemory(config, step);
  const { parameters, moments, activations } = memory;
  const what = `A batch of ${step.batchSize} × ${step.length} tokens`;
  // The engine keeps the moments outside of its heap.
  if (engine === 'wasm' && HEAP_FRAGMENTATION * (parameters + activations) > WASM_HEAP) {
    throw new JobTooLargeError(
      `${what} needs about ${gigabytes(HEAP_FRAGMENTATION * (parameters + activations))} on the WebAssembly engine, whose memory ` +
        `ends at ${gigabytes(WASM_HEAP)}. Take a smaller batchSize, maxLength or baseModel (all-MiniLM-L6-v2), or prepare native ` +
        'TensorFlow, which has no such bound: npm run set-up.',
    );
  }
  if (parameters + moments + activations > hostMemory) {
    throw new JobTooLargeError(
      `${what} needs about ${gigabytes(parameters + moments + activations)}, but there are ${gigabytes(hostMemory)} of memory. ` +
        'Take a smaller batchSize, maxLength or baseModel, or give the service more memory.',
    );
  }
  return memory;
}

const FLOAT = 4;
const WASM_HEAP = 2 ** 32;

/** The heap of the WebAssembly engine does not move what lies in it, so it ends with holes. */
const HEAP_FRAGMENTATION = 1.2;

function countParameters(config: BertConfig): number {
  let count = 0;
  for (const shape of parameterShapes(config).values())
    count += shape.reduce((product, size) => product * size, 1);
  return count;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
