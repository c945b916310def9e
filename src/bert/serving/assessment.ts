import { join } from 'node:path';
import { calibrate, type Calibration } from '../evaluation/calibration.js';
import { stratifiedFolds } from '../evaluation/cross-fitting.js';
import { evaluatePredictions, type Evaluation, sigmoid } from '../evaluation/evaluation.js';
import { tuneThreshold, type TunedThreshold } from '../evaluation/threshold.js';
import { graphBytes } from '../onnx/loaded-graph.js';
import { graphFiles, precisions, type Precision } from '../onnx/precisions.js';
import { availableCores } from './available-cores.js';
import { InferenceThread } from './inference-thread.js';
import { defaultLimits } from './served-model.js';

/** Quality and cost of a graph. */
export interface PrecisionAssessment {
  /** On the validation rows, by the larger logit. */
  evaluation: Evaluation;
  /** Size of the graph and of the weights that it refers to. */
  bytes: number;
  /** Time to compute one sentence alone. */
  medianSeconds: number;
  calibration: Calibration;
  threshold: TunedThreshold;
}

/** Results of each graph of a model on the validation rows, with the engine that serves it. */
export interface ServingAssessment {
  variants: Record<Precision, PrecisionAssessment>;
  /** The precision that `auto` chooses, and why. */
  auto: { variant: Precision; reason: string };
  /** Number of sentences that were timed. */
  sentences: number;
  /** Number of threads that computed each of them. */
  threads: number;
}

/** A tokenised sentence, [CLS] … [SEP], and its label: 1 is acceptable. */
export interface AssessedExample {
  tokenIds: ArrayLike<number>;
  label: 0 | 1;
}

export interface AssessmentOptions {
  /** Number of threads per batch. `auto`: the number of cores that this process may use. */
  threads: number | 'auto';
  /** Seed of the folds for evaluating temperature and threshold: an int32. */
  seed: number;
  /** Stops at the end of a batch. The promise then rejects with the reason of the signal. */
  signal: AbortSignal;
  /** Receives the share of judged rows, from 0 to 1. */
  onProgress?: (progress: number) => void;
}

/**
 * Judges examples with both graphs of a folder. It times the two side by side, so that other load on the
 * machine affects both.
 * @param folder that `exportOnnx` and `exportInt8Onnx` have written to.
 * @throws InvalidModelError if a graph cannot be loaded.
 * @throws Error if there are no examples, or ONNX Runtime fails.
 */
export async function assessPrecisions(
  folder: string,
  examples: readonly AssessedExample[],
  { threads: wanted, seed, signal, onProgress = () => undefined }: AssessmentOptions,
): Promise<ServingAssessment> {
  const threads = wanted === 'auto' ? availableCores() : wanted;
  const labels = Uint8Array.from(examples, ({ label }) => label);
  const folds = stratifiedFolds(labels, { seed });
  const sessions = new Map<Precision, InferenceThread>();
  try {
    for (const precision of precisions) {
      signal.throwIfAborted();
      const modelPath = join(folder, graphFiles[precision]);
      sessions.set(precision, await InferenceThread.start({ modelPath, threads }));
    }
    const batches = batchesOf(examples);
    const logits = new Map<Precision, Float32Array>();
    onProgress(0);
    for (const [precision, session] of sessions) {
      const share = (judged: number) => onProgress((logits.size + judged) / sessions.size);
      logits.set(precision, await judge(session, examples, batches, signal, share));
    }
    const timed = timedSentences(examples);
    const seconds = await time(sessions, timed, signal);

    const assess = async (precision: Precision): Promise<PrecisionAssessment> => {
      const ofPrecision = logits.get(precision)!;
      return {
        evaluation: evaluatePredictions(labels, ofPrecision),
        bytes: await graphBytes(join(folder, graphFiles[precision])),
        medianSeconds: median(seconds.get(precision)!),
        calibration: calibrate(labels, ofPrecision, folds),
        threshold: tuneThreshold(labels, scoresOf(ofPrecision), folds, seed),
      };
    };
    const [fp32, int8] = [await assess('fp32'), await assess('int8')];
    return {
      variants: { fp32, int8 },
      auto: choosePrecision(fp32.evaluation, int8.evaluation),
      sentences: timed.length,
      threads,
    };
  } finally {
    await Promise.all([...sessions.values()].map((session) => session.close()));
  }
}

/** Largest loss of MCC, fp32 − int8, at which `auto` still takes int8. */
const greatestLoss = 0.005;

/** Chooses the precision for `auto` from both results on the same rows. */
export function choosePrecision(fp32: Evaluation, int8: Evaluation): ServingAssessment['auto'] {
  const { truePositives, falseNegatives } = fp32.confusionMatrix;
  const acceptable = truePositives + falseNegatives;
  if (acceptable === 0 || acceptable === fp32.rows) {
    return {
      variant: 'fp32',
      reason: 'The validation rows are all of one class, by which int8 cannot be compared with fp32.',
    };
  }
  const loss = fp32.mcc - int8.mcc;
  const figures = `MCC on ${fp32.rows} validation rows: ${int8.mcc.toFixed(4)} with int8, ${fp32.mcc.toFixed(4)} with fp32`;
  // Ignore rounding in the last digits.
  return loss <= greatestLoss + 1e-12
    ? { variant: 'int8', reason: `${figures}, at most ${greatestLoss} below.` }
    : { variant: 'fp32', reason: `${figures}, more than ${greatestLoss} below.` };
}

/** Batches of rows with similar lengths, to keep padding small. */
function batchesOf(examples: readonly AssessedExample[]): number[][] {
  const batches: number[][] = [];
  for (const row of rowsByLength(examples)) {
    const batch = batches.at(-1);
    const length = examples[row]!.tokenIds.length;
    // The row is the longest of the batch so far.
    if (batch && (batch.length + 1) * length <= defaultLimits.tokensPerBatch) batch.push(row);
    else batches.push([row]);
  }
  return batches;
}

function rowsByLength(examples: readonly AssessedExample[]): number[] {
  const rows = examples.map((_, row) => row);
  return rows.sort((a, b) => examples[a]!.tokenIds.length - examples[b]!.tokenIds.length);
}

/** @returns [examples, 2], in the order of the examples. */
async function judge(
  session: InferenceThread,
  examples: readonly AssessedExample[],
  batches: readonly number[][],
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Float32Array> {
  const all = new Float32Array(2 * examples.length);
  let judged = 0;
  for (const rows of batches) {
    signal.throwIfAborted();
    const { logits } = await session.run(rows.map((row) => Array.from(examples[row]!.tokenIds)));
    rows.forEach((row, i) => all.set(logits.subarray(2 * i, 2 * i + 2), 2 * row));
    judged += rows.length;
    onProgress(judged / examples.length);
  }
  return all;
}

/** Enough for a stable median, and few enough that a large model takes only seconds. */
const mostTimed = 40;

/** Selects lengths in proportion to their frequency. */
function timedSentences(examples: readonly AssessedExample[]): number[][] {
  const rows = rowsByLength(examples);
  const count = Math.min(mostTimed, rows.length);
  return Array.from({ length: count }, (_, i) => {
    const row = rows[Math.floor(((i + 0.5) * rows.length) / count)]!;
    return Array.from(examples[row]!.tokenIds);
  });
}

/**
 * Seconds for each sentence with each graph. A sentence is computed with one graph right after the other.
 * Which graph comes first alternates.
 */
async function time(
  sessions: ReadonlyMap<Precision, InferenceThread>,
  sentences: readonly number[][],
  signal: AbortSignal,
): Promise<Map<Precision, number[]>> {
  const seconds = new Map<Precision, number[]>([...sessions.keys()].map((precision) => [precision, []]));
  const order = [...sessions];
  const warmUp = sentences.slice(-2);
  for (const [i, sentence] of [...warmUp, ...sentences].entries()) {
    signal.throwIfAborted();
    for (const [precision, session] of order.reverse()) {
      const { seconds: taken } = await session.run([sentence]);
      if (i >= warmUp.length) seconds.get(precision)!.push(taken);
    }
  }
  return seconds;
}

function median(values: readonly number[]): number {
  const rising = [...values].sort((a, b) => a - b);
  const middle = rising.length / 2;
  return (rising[Math.ceil(middle) - 1]! + rising[Math.floor(middle)]!) / 2;
}

/** Probability of "acceptable" for each pair of logits. */
function scoresOf(logits: Float32Array): number[] {
  return Array.from({ length: logits.length / 2 }, (_, row) =>
    sigmoid(logits[2 * row + 1]! - logits[2 * row]!),
  );
}
