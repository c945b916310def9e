// node bench/curves.mjs FILE [FILE …]: shows curves of fine-tunings side by side, as a Markdown table. A file
// is the output of our-fine-tuning.mjs or peers/torch_fine_tuning.py. MCC and its interval (95 %, bootstrap
// over sentences) come from the service's own evaluation.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { bootstrapMcc } from '../dist/bert/evaluation/bootstrap.js';
import { evaluatePredictions } from '../dist/bert/evaluation/evaluation.js';
import { curvesTable } from './training/report.mjs';

const runs = process.argv.slice(2).map((path) => {
  const { labels, epochs } = JSON.parse(readFileSync(path, 'utf8'));
  return {
    name: basename(path, '.json'),
    epochs: epochs.map(({ trainingLoss, mcc, confusionMatrix, logits }) => {
      if (confusionMatrix) return { trainingLoss, mcc, confusionMatrix };
      const judged = evaluatePredictions(labels, logits.flat());
      return { trainingLoss, mcc: judged.mcc, confusionMatrix: judged.confusionMatrix };
    }),
  };
});
console.log(curvesTable(runs, (confusionMatrix) => bootstrapMcc(confusionMatrix, { seed: 42 })));
