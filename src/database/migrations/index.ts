import { InitialSchema1764000000000 } from './1764000000000-initial-schema.js';
import { FineTuningOptions1764500000000 } from './1764500000000-fine-tuning-options.js';
import { ServingAssessment1765000000000 } from './1765000000000-serving-assessment.js';
import { RunNames1765500000000 } from './1765500000000-run-names.js';
import { Summaries1766000000000 } from './1766000000000-summaries.js';
import { WebhookDeliveries1767000100000 } from './1767000100000-webhook-deliveries.js';
import { IdempotentAnswers1767000200000 } from './1767000200000-idempotent-answers.js';
import { RunJudgements1767000300000 } from './1767000300000-run-judgements.js';
import { EstimatedFinish1767000350000 } from './1767000350000-estimated-finish.js';
import { RunErrors1767000400000 } from './1767000400000-run-errors.js';
import { RunLog1767000500000 } from './1767000500000-run-log.js';
import { Sweeps1767000600000 } from './1767000600000-sweeps.js';
import { RunAttempts1767000700000 } from './1767000700000-run-attempts.js';

/** In the order in which they are applied. */
export const migrations = [
  InitialSchema1764000000000,
  FineTuningOptions1764500000000,
  ServingAssessment1765000000000,
  RunNames1765500000000,
  Summaries1766000000000,
  WebhookDeliveries1767000100000,
  IdempotentAnswers1767000200000,
  RunJudgements1767000300000,
  EstimatedFinish1767000350000,
  RunErrors1767000400000,
  RunLog1767000500000,
  Sweeps1767000600000,
  RunAttempts1767000700000,
];

/** As the table `migrations` of a database names them. */
export const migrationNames: readonly string[] = migrations.map((Migration) => new Migration().name);
