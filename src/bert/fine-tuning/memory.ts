import type { EncoderConfig } from '../config.js';
import type { EngineName } from '../engines/engine.js';
import type { JobSizeErrorCode } from '../errors.js';
import { parameterShapes } from '../weights/parameter-shapes.js';
import type { Hyperparameters } from './hyperparameters.js';

/** What determines the memory of a training step, besides the architecture. */
export interface StepSize {
  batchSize: number;
  /** Tokens of the longest row, including [CLS] and [SEP]. */
  length: number;
  /** Number of different word pieces in the data. Only their embeddings are trained. */
  vocabulary: number;
  /** Whether each row is computed under two dropout masks at once (R-Drop). */
  doubled?: boolean;
  /** Whether a step sums the gradients of several batches. */
  accumulated?: boolean;
  /** Whether the weights of several epochs are averaged. */
  averaged?: boolean;
}

/** @param examples to train on */
export function stepSizeOf(
  hyperparameters: Pick<
    Hyperparameters,
    'batchSize' | 'gradientAccumulationSteps' | 'rDrop' | 'weightAveraging'
  >,
  examples: number,
  { length, vocabulary }: Pick<StepSize, 'length' | 'vocabulary'>,
): StepSize {
  const { batchSize, gradientAccumulationSteps, rDrop, weightAveraging } = hyperparameters;
  return {
    batchSize: Math.min(batchSize, examples),
    length,
    vocabulary,
    doubled: rDrop > 0,
    accumulated: gradientAccumulationSteps > 1 && examples > batchSize,
    averaged: weightAveraging > 0,
  };
}

/** Peak memory of a training, in bytes. */
export interface TrainingMemory {
  /** Working memory of a step: weights, gradients, and what the forward pass keeps for the backward pass. */
  step: number;
  /**
   * Both moments of AdamW, and the average of the weights if there is one. The engine keeps them outside its
   * heap.
   */
  moments: number;
}

/** Memory available to a training, in bytes. */
export interface MemoryRoom {
  /** If nothing else used any. A job that needs more can never be trained here. */
  most: number;
  /** Besides what is in use now. */
  now: number;
}

/** The job does not fit into the memory that the engine has, or that there is: the message says how much it needs. */
export class JobTooLargeError extends Error {
  override readonly name = 'JobTooLargeError';

  constructor(
    readonly code: JobSizeErrorCode,
    /** Both in bytes. */
    readonly memory: { needed: number; available: number },
    message: string,
  ) {
    super(message);
  }

  /** Whether it may fit at another time. */
  get passing(): boolean {
    return this.code === 'job-too-large-now';
  }
}

/**
 * Estimates the memory of a training. A step peaks either early in its backward pass, when all activations
 * are alive, or at its end, when all gradients are. The factors were fitted to the peak of live tensors of
 * BERT-base and MiniLM-L6 at 8 to 64 rows of 16 to 128 tokens. They were within 5 % in each case.
 */
export function estimateTrainingMemory(config: EncoderConfig, step: StepSize): TrainingMemory {
  const { hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads } = config;
  const parameters = parameterBytes({ ...config, vocabSize: Math.min(step.vocabulary, config.vocabSize) });
  const tokens = step.batchSize * step.length * (step.doubled ? 2 : 1);
  const layer = 9 * hiddenSize + 2 * intermediateSize + 1.8 * step.length * numAttentionHeads;
  const inUse = 15 * hiddenSize + 6 * intermediateSize;
  const activations = FLOAT * tokens * (numHiddenLayers * layer + inUse);
  const sum = step.accumulated ? parameters : 0;
  return {
    step: sum + Math.max(2.05 * parameters, 1.25 * parameters + activations),
    moments: (step.averaged ? 3 : 2) * parameters,
  };
}

const MEBIBYTE = 2 ** 20;
const FLOAT = 4;

/**
 * Memory of a process besides its tensors, in bytes. The numbers are fitted to measurements of
 * bench/training-memory.mjs on tiny models, MiniLM-L6 and BERT-base, so that no peak was above the estimate.
 */
const PROCESS = {
  /** Node.js with an engine that has run once. */
  engine: { tensorflow: 360 * MEBIBYTE, wasm: 185 * MEBIBYTE },
  /** Factor for the gaps that allocators leave between tensors. */
  fragmentation: 1.08,
  /** Per row: its tokens under two numberings, each an object. */
  row: 800,
  /** ONNX Runtime with two graphs, and its copies of the weights in float32 and in integers. */
  assessment: 80 * MEBIBYTE,
  assessedWeights: 0.85,
};

/**
 * Estimates the peak memory of a process that trains a model and then assesses it. The training's memory is
 * only released at the end, so both graphs come on top of it.
 * @param rows to train and to validate on
 */
export function estimateProcessMemory(
  config: EncoderConfig,
  step: StepSize,
  { engine, rows }: { engine: EngineName; rows: number },
): number {
  const training = estimateTrainingMemory(config, step);
  // The weights that were read at the start, and again whenever the best ones are written.
  const weights = parameterBytes(config);
  return (
    PROCESS.engine[engine] +
    PROCESS.row * rows +
    PROCESS.fragmentation * (training.step + training.moments) +
    weights +
    PROCESS.assessment +
    PROCESS.assessedWeights * weights
  );
}

/**
 * Checks that a training fits into the available memory.
 * @returns the estimated peak memory of its process, in bytes
 * @throws JobTooLargeError
 */
export function assertFits(
  config: EncoderConfig,
  step: StepSize,
  job: { engine: EngineName; rows: number },
  room: MemoryRoom,
): number {
  const heap = HEAP_FRAGMENTATION * estimateTrainingMemory(config, step).step;
  const what = `A batch of ${step.batchSize} × ${step.length} tokens${step.doubled ? ', doubled by rDrop,' : ''}`;
  if (job.engine === 'wasm' && heap > WASM_HEAP) {
    throw new JobTooLargeError(
      'job-too-large-for-wasm',
      { needed: heap, available: WASM_HEAP },
      `${what} needs about ${gigabytes(heap)} on the WebAssembly engine, whose memory ends at ${gigabytes(WASM_HEAP)}.`,
    );
  }
  const needed = estimateProcessMemory(config, step, job);
  const needs = `${what} and ${job.rows} rows needs about ${gigabytes(needed)}`;
  if (needed > room.most) {
    throw new JobTooLargeError(
      'job-too-large',
      { needed, available: room.most },
      `${needs}, but a training may take ${gigabytes(room.most)} here at most.`,
    );
  }
  if (needed > room.now) {
    throw new JobTooLargeError(
      'job-too-large-now',
      { needed, available: room.now },
      `${needs}, but beside what is in memory now ${gigabytes(room.now)} are left for it.`,
    );
  }
  return needed;
}

const WASM_HEAP = 2 ** 32;

/** The WebAssembly heap does not move its blocks, so gaps remain. */
const HEAP_FRAGMENTATION = 1.2;

/** Size of all weights in float32. */
export function parameterBytes(config: EncoderConfig): number {
  let count = 0;
  for (const shape of parameterShapes(config).values())
    count += shape.reduce((product, size) => product * size, 1);
  return FLOAT * count;
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
