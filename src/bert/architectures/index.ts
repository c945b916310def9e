import type { Architecture, ModelType } from './architecture.js';
import { bert } from './bert.js';
import { distilbert } from './distilbert.js';
import { electra } from './electra.js';
import { roberta } from './roberta.js';

export type { Architecture, ClassificationHead, ModelType } from './architecture.js';

/** Every family that can be trained and served, by the `model_type` of its `config.json`. */
export const architectures: Readonly<Record<ModelType, Architecture>> = {
  bert,
  distilbert,
  electra,
  roberta,
};
