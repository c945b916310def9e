import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidModelError } from '../errors.js';
import { calibrate } from '../evaluation/calibration.js';
import { stratifiedFolds } from '../evaluation/cross-fitting.js';
import { evaluatePredictions } from '../evaluation/evaluation.js';
import { tuneThreshold } from '../evaluation/threshold.js';
import { exportOnnx } from '../onnx/export.js';
import { graphBytes } from '../onnx/loaded-graph.js';
import { exportInt8Onnx } from '../onnx/int8-export.js';
import { graphFiles, precisions } from '../onnx/precisions.js';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { assessPrecisions, choosePrecision, type AssessedExample } from './assessment.js';
import { ServedModel } from './served-model.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const { sentences, forward } = JSON.parse(readFileSync(join(goldensFolder, 'bert/goldens.json'), 'utf8')) as {
  sentences: { sentence: string; tokenIds: number[] }[];
  forward: { labels: (0 | 1)[]; logits: [number, number][] };
};
const goldenExamples = sentences.map(({ tokenIds }, i) => ({ tokenIds, label: forward.labels[i]! }));

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assessment-'));
  cpSync(join(goldensFolder, 'tiny-bert'), folder, { recursive: true });
  await exportOnnx(folder);
  await exportInt8Onnx(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const options = { threads: 1, seed: 42, signal: new AbortController().signal };
const assess = (examples: readonly AssessedExample[]) => assessPrecisions(folder, examples, options);

describe('assessPrecisions', () => {
  it('judges as PyTorch does in float32, and nearly so in integers', async () => {
    const { variants: assessed, sentences: timed, threads } = await assess(goldenExamples);
    const logits = Float32Array.from(forward.logits.flat());
    const { loss, confusionMatrix } = evaluatePredictions(forward.labels, logits);
    expect(assessed.fp32.evaluation).toMatchObject({ rows: 12, confusionMatrix });
    expect(Math.abs(assessed.fp32.evaluation.loss - loss)).toBeLessThan(1e-5);
    expect(Math.abs(assessed.int8.evaluation.loss - loss)).toBeLessThan(0.02);
    expect([timed, threads]).toEqual([12, 1]);
    for (const precision of precisions) {
      expect(assessed[precision].medianSeconds).toBeGreaterThan(0);
      expect(assessed[precision].bytes).toBe(await graphBytes(join(folder, graphFiles[precision])));
    }
    expect(assessed.int8.bytes).not.toBe(assessed.fp32.bytes);
  });

  it('judges, calibrates and chooses thresholds by what each precision answers when it is served', async () => {
    const words = sentences.flatMap(({ sentence }) => sentence.split(' '));
    const texts = Array.from({ length: 300 }, (_, i) => {
      const start = (i * 7) % (words.length - 24);
      return words.slice(start, start + 1 + ((i * 13) % 24)).join(' ');
    });
    const tokenizer = Tokenizer.fromFolder(folder);
    const examples = texts.map((text, i) => ({
      tokenIds: Int32Array.from(tokenizer.encode(text, 64).tokenIds),
      label: i % 3 === 0 ? (0 as const) : (1 as const),
    }));
    const labels = examples.map(({ label }) => label);
    const told: number[] = [];
    const assessment = await assessPrecisions(folder, examples, {
      ...options,
      onProgress: (progress) => told.push(progress),
    });
    const folds = stratifiedFolds(labels, { seed: options.seed });
    for (const precision of precisions) {
      const model = await ServedModel.load(folder, { precision, threads: 1 });
      const { judgements } = await model.score(texts);
      await model.close();
      const logits = judgements.flatMap((judgement) => judgement.logits);
      const scores = judgements.map(({ score }) => score);
      const { evaluation, calibration, threshold } = assessment.variants[precision];
      expect(evaluation.confusionMatrix).toEqual(evaluatePredictions(labels, logits).confusionMatrix);
      const expected = calibrate(labels, logits, folds);
      expect(calibration.fitted! / expected.fitted).toBeCloseTo(1, 4);
      expect([calibration.used, calibration.temperature]).toEqual([expected.used, expected.temperature]);
      expect(calibration.before.loss).toBeCloseTo(expected.before.loss, 5);
      expect(calibration.after.loss).toBeCloseTo(expected.after.loss, 5);
      const tuned = tuneThreshold(labels, scores, folds, options.seed);
      expect(threshold.fitted).toBeCloseTo(tuned.fitted, 4);
      expect([threshold.used, threshold.threshold]).toEqual([tuned.used, tuned.threshold]);
    }
    expect(assessment.sentences).toBe(40);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.length).toBeGreaterThan(10);
    expect(told.at(-1)).toBe(1);
  });

  it.each([
    ['a single row', goldenExamples.slice(0, 1)],
    ['a single class', goldenExamples.filter(({ label }) => label === 1)],
    ['two rows', goldenExamples.slice(0, 2)],
  ])('takes %s', async (_what, examples) => {
    const { variants: assessed, sentences: timed } = await assess(examples);
    expect(timed).toBe(examples.length);
    for (const { evaluation, calibration, threshold } of Object.values(assessed)) {
      expect(evaluation.rows).toBe(examples.length);
      const { temperature, before, after } = calibration;
      const numbers = [temperature, before.loss, after.loss, threshold.threshold, threshold.after.mcc];
      expect(numbers.every(Number.isFinite)).toBe(true);
      expect([temperature, calibration.used]).toEqual([1, false]);
      expect([threshold.threshold, threshold.used]).toEqual([0.5, false]);
    }
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const told: number[] = [];
    const assessing = assessPrecisions(folder, goldenExamples, {
      ...options,
      signal: stop.signal,
      onProgress: (progress) => {
        told.push(progress);
        if (progress > 0) stop.abort(new Error('enough'));
      },
    });
    await expect(assessing).rejects.toThrow('enough');
    expect(told).toEqual([0, 0.5]);
    await expect(
      assessPrecisions(folder, goldenExamples, { ...options, signal: stop.signal }),
    ).rejects.toThrow('enough');
  });

  it('needs both graphs', async () => {
    const incomplete = mkdtempSync(join(tmpdir(), 'assessment-'));
    cpSync(folder, incomplete, { recursive: true });
    rmSync(join(incomplete, graphFiles.int8));
    await expect(assessPrecisions(incomplete, goldenExamples, options)).rejects.toThrow(InvalidModelError);
    rmSync(incomplete, { recursive: true });
  });
});

describe('choosePrecision', () => {
  const evaluation = (mcc: number, acceptable = 360, rows = 527) => ({
    ...{ rows, mcc, loss: 0.5, accuracy: 0.8 },
    confusionMatrix: {
      ...{ truePositives: acceptable - 10, falseNegatives: 10 },
      ...{ falsePositives: 0, trueNegatives: rows - acceptable },
    },
  });

  it.each([0.5956, 0.595, 0.6, 0.7])('takes int8 of an MCC of %s, where fp32 has 0.6', (mcc) => {
    const { variant, reason } = choosePrecision(evaluation(0.6), evaluation(mcc));
    expect(variant).toBe('int8');
    expect(reason).toContain(`${mcc.toFixed(4)} with int8, 0.6000 with fp32`);
  });

  it.each([0.5949, 0.5, -1])('takes fp32 where the MCC of int8 is %s', (mcc) => {
    const { variant, reason } = choosePrecision(evaluation(0.6), evaluation(mcc));
    expect(variant).toBe('fp32');
    expect(reason).toContain('more than 0.005 below');
  });

  it.each([0, 527])('takes fp32 where %s of 527 rows are acceptable', (acceptable) => {
    expect(choosePrecision(evaluation(0, acceptable), evaluation(0, acceptable))).toMatchObject({
      variant: 'fp32',
      reason: expect.stringContaining('one class') as string,
    });
  });
});
