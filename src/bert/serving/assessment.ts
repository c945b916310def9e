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

/** What a graph is worth and what it costs. */
export interface PrecisionAssessment {
  /** Of the validation rows, by the larger logit. */
  evaluation: Evaluation;
  /** Of the graph and of the weights that it points to. */
  bytes: number;
  /** To compute one sentence, one at a time. */
  medianSeconds: number;
  calibration: Calibration;
  threshold: TunedThreshold;
}

/** How each graph of a model does on the validation rows, with the engine that serves it. */
export interface ServingAssessment {
  variants: Record<Precision, PrecisionAssessment>;
  /** Which one `auto` stands for, and why. */
  auto: { variant: Precision; reason: string };
  /** How many sentences the times are of. */
  sentences: number;
  /** How many threads computed each of them. */
  threads: number;
}

/** A tokenised sentence, [CLS] … [SEP], and its judgement: 1 is acceptable. */
export interface AssessedExample {
  tokenIds: ArrayLike<number>;
  label: 0 | 1;
}

export interface AssessmentOptions {
  /** That compute one batch; `auto`: as many as this process may use cores. */
  threads: number | 'auto';
  /** Of the folds that temperature and threshold are judged on: an int32. */
  seed: number;
  /** Stops it at the end of a batch; it then rejects with the reason of the signal. */
  signal: AbortSignal;
  /** Told which share of the judging is done, from 0 to 1. */
  onProgress?: (progress: number) => void;
}

/**
 * Judges examples with both graphs of a folder, and times the two side by side, so that what else the machine does hits both.
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

/** By how much the MCC of int8 may be below fp32's for `auto` to take it. */
const greatestLoss = 0.005;

/** What `auto` stands for, by how the two did on the same rows. */
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
  // Differences that are rounding of the last digits do not count.
  return loss <= greatestLoss + 1e-12
    ? { variant: 'int8', reason: `${figures}, at most ${greatestLoss} below.` }
    : { variant: 'fp32', reason: `${figures}, more than ${greatestLoss} below.` };
}

/** Rows by length, so that a batch holds little padding. */
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

/** @returns [examples, 2], in their order. */
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

/** So many that the median settles, and that even a large model takes some seconds only. */
const mostTimed = 40;

/** Of all lengths, as often as they occur. */
function timedSentences(examples: readonly AssessedExample[]): number[][] {
  const rows = rowsByLength(examples);
  const count = Math.min(mostTimed, rows.length);
  return Array.from({ length: count }, (_, i) => {
    const row = rows[Math.floor(((i + 0.5) * rows.length) / count)]!;
    return Array.from(examples[row]!.tokenIds);
  });
}

/** Seconds of each sentence, with each graph; a sentence is computed with one right after the other, each first by turns. */
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

/** Probability of "acceptable" of each pair of logits. */
function scoresOf(logits: Float32Array): number[] {
  return Array.from({ length: logits.length / 2 }, (_, row) =>
    sigmoid(logits[2 * row + 1]! - logits[2 * row]!),
  );
}
