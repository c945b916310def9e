/*
 * BERT classifiers in Node: fine-tuning with TensorFlow.js, scoring with ONNX Runtime. Importing this file loads neither engine: they are
 * loaded where `startEngine` and `ServedModel.load` are called. See README.md.
 */

export { parseEncoderConfig, maxSequenceLength, type EncoderConfig } from './config.js';
export {
  type BertErrorCode,
  CheckpointMismatchError,
  DeadlineExceededError,
  EngineUnavailableError,
  InvalidModelError,
  QueueFullError,
} from './errors.js';
export { detectEngine, type EngineChoice, type EnginePreference } from './engines/detect.js';
export type { Engine, EngineMemory, EngineName } from './engines/engine.js';
export { startEngine } from './engines/start.js';
export { evaluatePredictions, type Evaluation } from './evaluation/evaluation.js';
export { openCheckpoint, writeCheckpoint, type Checkpoint } from './fine-tuning/checkpoint.js';
export type { FineTuningEvent } from './fine-tuning/events.js';
export type { Example } from './fine-tuning/example.js';
export { fineTune, type FineTuningJob } from './fine-tuning/fine-tune.js';
export {
  contradictions,
  defaultHyperparameters,
  hyperparameters,
  type Hyperparameters,
} from './fine-tuning/hyperparameters.js';
export { exportOnnx } from './onnx/export.js';
export { exportInt8Onnx } from './onnx/int8-export.js';
export { precisions, type Precision } from './onnx/precisions.js';
export { assessPrecisions, type ServingAssessment } from './serving/assessment.js';
export { ServedModel, type Judgement, type Scores, type ServingOptions } from './serving/served-model.js';
export { Tokenizer, type EncodedSentence } from './tokenizer/tokenizer.js';
export { writeConfig, writeTokenizer, writeWeights } from './weights/classifier-folder.js';
export { openModelFolder, type ModelFolder } from './weights/model-folder.js';
