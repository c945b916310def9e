import { describe, expect, it } from 'vitest';
import { defaultHyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import { modelCard, type ModelCard } from './model-card.js';

const epoch = (number: number, mcc: number) => ({
  epoch: number,
  trainingLoss: 0.5 / number,
  trainingSeconds: 60,
  validation: {
    rows: 10,
    loss: 0.4,
    accuracy: 0.8,
    mcc,
    confusionMatrix: { truePositives: 5, falsePositives: 1, trueNegatives: 3, falseNegatives: 1 },
  },
});

const after = (step: number, epochs: number, mcc: number, averaged = false) => ({
  step,
  epoch: epochs,
  averaged,
  validation: epoch(1, mcc).validation,
});

const card: ModelCard = {
  name: 'A "quoted"\nname: with `code`',
  runId: 'run_1',
  baseModel: 'all-MiniLM-L6-v2',
  baseModelHubId: 'sentence-transformers/all-MiniLM-L6-v2',
  license: 'apache-2.0',
  dataset: { id: 'ds_1', name: 'homework.tsv', contentHash: 'abc', rows: 100 },
  validation: { datasetId: null, contentHash: 'def', rows: 10, fraction: 0.1 },
  hyperparameters: { ...defaultHyperparameters, epochs: 2, maxLength: 48 },
  engine: 'tensorflow',
  metrics: {
    bestEpoch: 2,
    averaged: false,
    best: epoch(2, 0.5833).validation,
    epochs: [epoch(1, 0.25), epoch(2, 0.5833)],
    evaluations: [after(100, 1, 0.25), after(200, 2, 0.5833)],
    stoppedEarly: null,
  },
  serving: null,
};

describe('modelCard', () => {
  const [, frontMatter, body] = modelCard(card).split(/^---\n/m);

  it('says in the front matter what the hub wants to know', () => {
    expect(frontMatter).toContain('\nlicense: "apache-2.0"\n');
    expect(frontMatter).toContain('\nbase_model: "sentence-transformers/all-MiniLM-L6-v2"\n');
    expect(frontMatter).toContain('\n- name: "A \\"quoted\\" name: with `code`"\n');
    expect(frontMatter).toMatch(
      /type: matthews_correlation\n +name: Matthews correlation\n +value: 0\.5833\n/,
    );
  });

  it('leaves out what is not known', () => {
    const [, unknown] = modelCard({ ...card, license: null, baseModelHubId: null }).split(/^---\n/m);
    expect(unknown).not.toMatch(/^(license|base_model):/m);
  });

  it('tells what was measured, how it was trained and how to use it', () => {
    expect(body).toContain('| 1 | 100 | 0.5000 | 0.4000 | 0.8000 | 0.2500 |');
    expect(body).toContain('| 2 (kept) | 200 | 0.2500 | 0.4000 | 0.8000 | 0.5833 |');
    expect(body).toContain('| epoch 2 | judged acceptable | judged unacceptable |');
    expect(body).toContain('with AdamW, linear warm-up and linear decay, on the engine `tensorflow`.');
    expect(body).not.toMatch(/stopped early|labelSmoothing|evaluationSteps/);
    expect(body).toContain('| learningRate | 0.00003 |');
    expect(body).toContain('a held-out fraction of 0.1 of homework.tsv');
    expect(body).toContain('AutoModelForSequenceClassification.from_pretrained(folder)');
  });

  it('tells what each precision is worth, and how to be as sure as one is right', () => {
    expect(body).not.toMatch(/## Served|int8|calibrated/);
    const matrix = card.metrics.best.confusionMatrix;
    const variant = (mcc: number, temperature: number, bytes: number) => ({
      evaluation: { ...card.metrics.best, mcc },
      bytes,
      medianSeconds: bytes / 1e10,
      calibration: {
        temperature,
        before: { loss: 0.4, expectedCalibrationError: 0.081 },
        after: { loss: 0.3, expectedCalibrationError: 0.0345 },
      },
      threshold: {
        threshold: 0.7723053145,
        before: { mcc, confusionMatrix: matrix },
        after: { mcc: mcc - 0.01, confusionMatrix: matrix },
      },
    });
    const text = modelCard({
      ...card,
      serving: {
        variants: { fp32: variant(0.5833, 1.4741144763, 438e6), int8: variant(0.58, 1.4, 184e6) },
        auto: { variant: 'int8', reason: 'Near enough.' },
        sentences: 40,
        threads: 1,
      },
    });
    expect(text).toContain('(the median of 40) with 1 thread:');
    expect(text).toContain(
      '| fp32 | 0.5833 | 417.7 MiB | 43.8 ms | 1.474 | 0.0810 | 0.0345 | 0.7723 | 0.5733 |',
    );
    expect(text).toContain('| int8 | 0.5800 | 175.5 MiB | 18.4 ms | 1.400 |');
    expect(text).toContain('`auto` is int8. Near enough.');
    expect(text).toContain('print((logits / 1.47411).softmax(-1)[:, 1])');
    expect(text).toContain('print(scores > 0.772305)');
    expect(text).toContain('`model.int8.onnx.data`');
  });

  it('shows what serves where the fits are not used, and says why', () => {
    const matrix = card.metrics.best.confusionMatrix;
    const variant = {
      evaluation: card.metrics.best,
      bytes: 438e6,
      medianSeconds: 0.04,
      calibration: {
        ...{ temperature: 1, fitted: 0.3, used: false, reason: 'Too few rows.' },
        before: { loss: 0.693, expectedCalibrationError: 0.004 },
        after: { loss: 0.765, expectedCalibrationError: 0.534 },
      },
      threshold: {
        ...{ threshold: 0.5, fitted: 0.7, used: false, reason: 'No better.' },
        before: { mcc: 0.4, confusionMatrix: matrix },
        after: { mcc: 0.3, confusionMatrix: matrix },
      },
    };
    const auto = { variant: 'int8', reason: 'Near enough.' } as const;
    const text = modelCard({
      ...card,
      serving: { variants: { fp32: variant, int8: variant }, auto, sentences: 2, threads: 1 },
    });
    expect(text).toContain('| 40.0 ms | 1.000 | 0.0040 | 0.0040 | 0.5000 | 0.4000 |');
    expect(text).not.toContain('0.5340');
    for (const line of ['- fp32: Too few rows.', '- int8: No better.']) expect(text).toContain(`\n${line}`);
    expect(text).not.toMatch(/logits \/|scores >/);
  });

  it('warns of few validation rows, and of an MCC of 0', () => {
    expect(body).toContain(
      '> **Warning:** Only 6 acceptable and 4 unacceptable sentences were validated on.',
    );
    expect(body).not.toContain('no better than chance');
    const enough = { truePositives: 50, falsePositives: 0, trueNegatives: 50, falseNegatives: 0 };
    const best = { ...card.metrics.best, confusionMatrix: enough };
    expect(modelCard({ ...card, metrics: { ...card.metrics, best } })).not.toContain('Warning');
    const useless = modelCard({ ...card, metrics: { ...card.metrics, best: { ...best, mcc: 0 } } });
    expect(useless).toMatch(/\n> \*\*Warning:\*\* Its MCC .* no better than chance\. .*\n\n## Measured/);
  });

  it('tells which options were used, and of every evaluation', () => {
    const text = modelCard({
      ...card,
      hyperparameters: {
        ...card.hyperparameters,
        schedule: 'cosine',
        classWeights: [2, 0.5],
        weightAveraging: 2,
        evaluationSteps: 150,
      },
      metrics: {
        ...card.metrics,
        averaged: true,
        evaluations: [
          after(100, 1, 0.25),
          after(150, 1.5, 0.5),
          after(200, 2, 0.5833),
          after(200, 2, 0.6, true),
        ],
        stoppedEarly: 'Enough.',
      },
    });
    expect(text).toContain('| 1 | 100 | 0.5000 | 0.4000 | 0.8000 | 0.2500 |');
    expect(text).toContain('| 1.50 | 150 |  | 0.4000 | 0.8000 | 0.5000 |');
    expect(text).toContain('| 2 | 200 | 0.2500 | 0.4000 | 0.8000 | 0.5833 |');
    expect(text).toContain('| average (kept) | 200 |  | 0.4000 | 0.8000 | 0.6000 |');
    expect(text).toContain('| the average | judged acceptable | judged unacceptable |');
    expect(text).toContain('The training stopped early. Enough.');
    expect(text).toContain('linear warm-up and cosine decay');
    expect(text).toContain('| classWeights | 2,0.5 |');
    expect(text).toContain('| weightAveraging | 2 |');
    expect(text).not.toContain('rDrop');
  });
});
