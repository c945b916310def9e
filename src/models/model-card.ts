import { servedFigure } from '../bert/evaluation/gain.js';
import { evaluationWarnings } from '../bert/evaluation/warnings.js';
import { hyperparameters, type Hyperparameter } from '../bert/fine-tuning/hyperparameters.js';
import type { ScheduleName } from '../bert/fine-tuning/learning-rates.js';
import type { ServingAssessment, PrecisionAssessment } from '../bert/serving/assessment.js';
import type { Lineage, ModelMetrics } from './model-version.js';

/** Origin of a base model. */
export interface ModelOrigin {
  /** Its id on the Hugging Face hub; null if it is not from there. */
  baseModelHubId: string | null;
  /** Hugging Face's identifier of its licence; null if unknown. */
  license: string | null;
}

/** The content of a model card. */
export interface ModelCard extends Lineage, ModelOrigin {
  name: string;
  metrics: ModelMetrics;
  /** null if it was not assessed. */
  serving: ServingAssessment | null;
}

/** The README.md of a model folder, in the form of a Hugging Face model card. */
export function modelCard(card: ModelCard): string {
  return `${frontMatter(card)}
# ${oneLine(card.name)}

Judges whether an English sentence is acceptable to a native speaker. Label 1 is acceptable, label 0 is not.

${evaluationWarnings(card.metrics.best)
  .map((warning) => `> **Warning:** ${warning}\n\n`)
  .join('')}${measured(card)}
${card.serving === null ? '' : `\n${served(card.serving)}\n`}
${trained(card)}

${use(card.serving)}`;
}

function frontMatter(card: ModelCard): string {
  const { best } = card.metrics;
  const lines = [
    '---',
    'language: en',
    card.license !== null ? `license: ${text(card.license)}` : null,
    card.baseModelHubId !== null ? `base_model: ${text(card.baseModelHubId)}` : null,
    'library_name: transformers',
    'pipeline_tag: text-classification',
    'tags:',
    '- linguistic-acceptability',
    '- wellformed',
    'metrics:',
    '- matthews_correlation',
    '- accuracy',
    'model-index:',
    `- name: ${text(card.name)}`,
    '  results:',
    '  - task:',
    '      type: text-classification',
    '      name: Linguistic acceptability',
    '    dataset:',
    '      type: tsv',
    `      name: ${text(validationName(card))}`,
    '    metrics:',
    '    - type: matthews_correlation',
    '      name: Matthews correlation',
    `      value: ${best.mcc}`,
    '    - type: accuracy',
    '      name: Accuracy',
    `      value: ${best.accuracy}`,
    '---',
  ];
  return lines.filter((line) => line !== null).join('\n') + '\n';
}

function measured({ metrics, validation }: ModelCard): string {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = metrics.best.confusionMatrix;
  return `## Measured

On ${validation.rows} validation rows (sha256 of their content: \`${validation.contentHash}\`):

| epoch | step | training loss | validation loss | accuracy | MCC |
| --- | --- | --- | --- | --- | --- |
${evaluations(metrics).join('\n')}
${metrics.stoppedEarly === null ? '' : `\nThe training stopped early. ${metrics.stoppedEarly}\n`}
| ${metrics.averaged ? 'the average' : `epoch ${nameOf({ epoch: metrics.bestEpoch, averaged: false })}`} | judged acceptable | judged unacceptable |
| --- | --- | --- |
| acceptable | ${truePositives} | ${falseNegatives} |
| unacceptable | ${falsePositives} | ${trueNegatives} |

What is kept was chosen on these rows, so the figures are a little hopeful: judge the model on rows it has never seen.`;
}

function served({ variants, auto, sentences, threads }: ServingAssessment): string {
  const rows = Object.entries(variants).map(
    ([name, { evaluation, bytes, medianSeconds, calibration, threshold }]) =>
      [
        name,
        evaluation.mcc.toFixed(4),
        `${(bytes / 2 ** 20).toFixed(1)} MiB`,
        `${(1000 * medianSeconds).toFixed(1)} ms`,
        calibration.temperature.toFixed(3),
        calibration.before.expectedCalibrationError.toFixed(4),
        servedFigure(calibration).expectedCalibrationError.toFixed(4),
        threshold.threshold.toFixed(4),
        servedFigure(threshold).mcc.toFixed(4),
      ].join(' | '),
  );
  const reasons = Object.entries(variants).flatMap(([name, { calibration, threshold }]) =>
    [calibration.reason, threshold.reason]
      .filter((reason) => reason !== undefined)
      .map((reason) => `- ${name}: ${reason}`),
  );
  return `## Served

With ONNX Runtime, on the same rows; one sentence at a time (the median of ${sentences}) with ${threads} ${threads === 1 ? 'thread' : 'threads'}:

| precision | MCC | size | one sentence | temperature | calibration error | calibrated | tuned threshold | MCC with it |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}

Temperature and threshold are fitted on all validation rows; what they are worth (the last column, and the calibrated error) is judged on
rows that they were not fitted on, in five folds. They serve only where they are better there beyond the error: else the temperature is 1
and the threshold 0.5. \`auto\` is ${auto.variant}. ${auto.reason}${reasons.length === 0 ? '' : `\n\n${reasons.join('\n')}`}`;
}

function evaluations({ bestEpoch, averaged: averageKept, evaluations, epochs }: ModelMetrics): string[] {
  return evaluations.map(({ epoch, step, averaged, validation: { loss, accuracy, mcc } }) => {
    const kept = epoch === bestEpoch && averaged === averageKept ? ' (kept)' : '';
    const ended = averaged ? undefined : epochs.find((end) => end.epoch === epoch);
    const figures = [ended?.trainingLoss, loss, accuracy, mcc].map((value) => value?.toFixed(4) ?? '');
    return `| ${nameOf({ epoch, averaged })}${kept} | ${[step, ...figures].join(' | ')} |`;
  });
}

function nameOf({ epoch, averaged }: { epoch: number; averaged: boolean }): string {
  if (averaged) return 'average';
  return Number.isInteger(epoch) ? String(epoch) : epoch.toFixed(2);
}

function trained(card: ModelCard): string {
  const used = Object.entries(card.hyperparameters).filter(([name, value]) => !isUnusedOption(name, value));
  const hyperparameters = used.map(([name, value]) => `| ${name} | ${String(value)} |`);
  return `## Trained

Fine-tuned from ${inline(card.baseModel)} on the dataset ${inline(card.dataset.name)} (\`${card.dataset.id}\`, ${card.dataset.rows} rows, sha256 \`${card.dataset.contentHash}\`)
${card.runId === null ? '' : `by run \`${card.runId}\` `}with AdamW, linear warm-up and ${decays[card.hyperparameters.schedule]}, on the engine \`${card.engine}\`. Validated on ${validationName(card)}.

| hyperparameter | value |
| --- | --- |
${hyperparameters.join('\n')}`;
}

const decays = {
  linear: 'linear decay',
  cosine: 'cosine decay',
  constant: 'a constant learning rate',
} as const satisfies Record<ScheduleName, string>;

/** Whether it is an option that is off. */
function isUnusedOption(name: string, value: unknown): boolean {
  const known = (hyperparameters as Record<string, Hyperparameter | undefined>)[name];
  return known?.isOption === true && value === known.default;
}

const use = (serving: ServingAssessment | null) => `## Use

\`\`\`python
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder = "."  # this folder
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

inputs = tokenizer(["The cat sat on the mat.", "The cat sat on mat the."], padding=True, truncation=True, return_tensors="pt")
with torch.no_grad():
    logits = model(**inputs).logits
scores = logits.softmax(-1)[:, 1]  # the probability that a sentence is acceptable
print(scores)
${serving === null ? '' : calibrated(serving.variants.fp32)}\`\`\`

\`model.onnx\` is the same model for ONNX Runtime (inputs \`input_ids\` and \`attention_mask\`, output \`logits\`); its weights lie in
\`model.safetensors\`, so keep the two files together. ${serving === null ? '' : int8Files}The sha256 of every file is in \`manifest.json\`.
`;

/** With the figures of float32, since transformers uses that. Empty if uncalibrated scores and 0.5 apply. */
function calibrated({ calibration, threshold }: PrecisionAssessment): string {
  const temperature = Number(calibration.temperature.toPrecision(6));
  const tuned = Number(threshold.threshold.toPrecision(6));
  return [
    calibration.used !== false &&
      `print((logits / ${temperature}).softmax(-1)[:, 1])  # calibrated with the temperature: as sure as it is right\n`,
    threshold.used !== false &&
      `print(scores > ${tuned})  # acceptable by the tuned threshold, instead of 0.5\n`,
  ]
    .filter((line) => line !== false)
    .join('');
}

const int8Files = `\`model.int8.onnx\` has the
linear layers in integers, which lie in \`model.int8.onnx.data\`; it needs \`model.safetensors\` too, and its own temperature and threshold. `;

function validationName({ dataset, validation }: ModelCard): string {
  if (validation.datasetId !== null) return `the dataset ${validation.datasetId}`;
  return `a held-out fraction${validation.fraction === null ? '' : ` of ${validation.fraction}`} of ${oneLine(dataset.name)}`;
}

/** A YAML scalar: every JSON string is one. */
function text(value: string): string {
  return JSON.stringify(oneLine(value));
}

/** Markdown code that a backtick inside cannot end. */
function inline(value: string): string {
  return `\`${oneLine(value).replaceAll('`', "'")}\``;
}

function oneLine(value: string): string {
  return value.replace(/\s+/g, ' ').trim();
}
