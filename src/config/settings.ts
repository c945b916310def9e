import {
  IsIn,
  IsInt,
  IsNotEmpty,
  IsUrl,
  Max,
  Min,
  Validate,
  ValidateIf,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { logLevels, type LogLevelName } from '../logging/service-logger.js';
import { Between, bytes, duration, integer, Setting, text, type SettingParser } from './setting.js';
import { WebhookSettings } from './webhook-settings.js';

const hubModelList: SettingParser<string | string[]> = (value) =>
  value === 'any' || value === 'catalogue' ? value : value.split(',').map((id) => id.trim());

@ValidatorConstraint()
class IsHubModelList implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    const id = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/;
    return (
      typeof value === 'string' ||
      (Array.isArray(value) && value.every((item: unknown) => typeof item === 'string' && id.test(item)))
    );
  }

  defaultMessage(): string {
    return 'must be "any", "catalogue" or hub ids with commas between them (google/electra-small,prajjwal1/bert-tiny)';
  }
}

/**
 * The settings of the service. `readSettings` reads them once at startup. They are frozen and injected where
 * needed.
 */
export class Settings extends WebhookSettings {
  @Setting('WELLFORMED_DATA', {
    default: './data',
    description: 'Folder for the database, data sets and models. One process may use it at a time.',
    parse: text,
  })
  @IsNotEmpty({ message: 'must be the path of a folder' })
  dataFolder!: string;

  @Setting('WELLFORMED_BASE_MODELS', {
    default: '<data>/base-models',
    description: 'Folder for base models: those that you put there, and those that the service downloads.',
    parse: text,
  })
  @IsNotEmpty({ message: 'must be the path of a folder' })
  baseModelFolder!: string;

  @Setting('WELLFORMED_ENGINE', {
    default: 'auto',
    description:
      'Engine that trains: tensorflow (native; tensorflow-cpu or tensorflow-gpu names one of its two builds), wasm ' +
      '(portable, slow), or auto (tensorflow if it is prepared, else wasm).',
    parse: text,
  })
  @IsIn(['auto', 'tensorflow', 'tensorflow-cpu', 'tensorflow-gpu', 'wasm'], {
    message: 'must be auto, tensorflow, tensorflow-cpu, tensorflow-gpu or wasm',
  })
  engine!: 'auto' | 'tensorflow' | 'tensorflow-cpu' | 'tensorflow-gpu' | 'wasm';

  @Setting('WELLFORMED_TRAINING_MEMORY', {
    default: 'auto',
    description:
      'Most memory that a training may use. The service refuses a run that needs more, and ends one that uses more. auto: ' +
      'what the machine or container has left.',
    parse: (value) => (value === 'auto' ? value : bytes(value)),
  })
  @ValidateIf(({ trainingMemory }: Settings) => trainingMemory !== 'auto')
  @IsInt({ message: 'must be auto or a size such as 4294967296 or 4 GiB' })
  @Min(2 ** 20, { message: 'must be auto or at least 1 MiB' })
  trainingMemory!: number | 'auto';

  @Setting('WELLFORMED_CONCURRENT_RUNS', {
    default: '1',
    description:
      'Largest number of runs that train at the same time. A run that does not fit into memory beside the others waits until one ends.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(64, { message: 'must be at most 64' })
  concurrentRuns!: number;

  @Setting('WELLFORMED_CHECKPOINT_INTERVAL', {
    default: '5 min',
    description:
      'Time from one checkpoint of a run to the next, for runs without `checkpointSteps`. Each epoch that takes 10 seconds or more ' +
      'ends with one too.',
    parse: duration,
  })
  @Between(1000, 86_400_000, 'must be a time from 1 s to 24 h, such as 5 min')
  checkpointInterval!: number;

  @Setting('WELLFORMED_CANCELLED_CHECKPOINTS', {
    default: '1',
    description:
      'Number of cancelled runs whose latest checkpoint is kept, so that they can be continued (`POST /train/{id}/continue`). ' +
      'Cancelled runs of sweeps keep none. A checkpoint of BERT-base takes about 1.5 GB.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be at least 0' })
  cancelledCheckpoints!: number;

  @Setting('WELLFORMED_MAX_FOLLOWERS', {
    default: '2000',
    description:
      'Largest number of clients that follow runs (`GET /train/ID/events`) at a time. Further clients get a 429.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  maxFollowers!: number;

  @Setting('WELLFORMED_RUN_QUEUE', {
    default: '1000',
    description: 'Largest number of runs in the queue. Further requests get a 429.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  runQueue!: number;

  @Setting('WELLFORMED_EVALUATION_QUEUE', {
    default: '100',
    description: 'Largest number of evaluations in the queue. Further requests get a 429.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  evaluationQueue!: number;

  @Setting('WELLFORMED_MAX_UPLOAD_BYTES', {
    default: '1 GiB',
    description: 'Largest file that the service accepts.',
    parse: bytes,
  })
  @IsInt({ message: 'must be a size such as 1073741824 or 1 GiB' })
  @Min(1, { message: 'must be at least 1 byte' })
  maxUploadBytes!: number;

  @Setting('WELLFORMED_MAX_BODY_BYTES', {
    default: '1 MiB',
    description: 'Largest JSON or text body that the service accepts.',
    parse: bytes,
  })
  @IsInt({ message: 'must be a size such as 1048576 or 1 MiB' })
  @Min(1024, { message: 'must be at least 1024 bytes' })
  @Max(2 ** 30, { message: 'must be at most 1 GiB' })
  maxBodyBytes!: number;

  @Setting('WELLFORMED_LOADED_MODELS', {
    default: '2',
    description:
      'Largest number of models in memory for predictions. There may be one more while an alias moves. The least recently ' +
      'used model leaves first.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  loadedModels!: number;

  @Setting('WELLFORMED_INFERENCE_THREADS', {
    default: 'auto',
    description:
      'Number of threads that compute one batch of sentences. auto: the number of cores that the process may use.',
    parse: (value) => (value === 'auto' ? value : integer(value)),
  })
  @ValidateIf(({ inferenceThreads }: Settings) => inferenceThreads !== 'auto')
  @IsInt({ message: 'must be auto or a whole number from 1 to 1024' })
  @Between(1, 1024, 'must be auto or a whole number from 1 to 1024')
  inferenceThreads!: number | 'auto';

  @Setting('WELLFORMED_PREDICT_BATCH_TOKENS', {
    default: '512',
    description:
      'Largest number of tokens in one batch of sentences. Sentences of different lengths count a little more. A longer ' +
      'sentence is computed alone.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  predictBatchTokens!: number;

  @Setting('WELLFORMED_PREDICT_MAX_WAIT', {
    default: '0 ms',
    description:
      'Time that a sentence waits for others while its model is idle. A longer wait gives more sentences per second, and ' +
      'later answers.',
    parse: duration,
  })
  @Between(0, 10_000, 'must be a time from 0 to 10 s, such as 5 ms')
  predictMaxWait!: number;

  @Setting('WELLFORMED_PREDICT_QUEUE', {
    default: '1024',
    description:
      'Largest number of sentences that wait for a model. If the queue is full, requests get a 429.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  predictQueue!: number;

  @Setting('WELLFORMED_PREDICT_DEADLINE', {
    default: '30 s',
    description: 'Longest time that a request may wait for its model. Then it gets a 503.',
    parse: duration,
  })
  @Between(1, 3_600_000, 'must be a time from 1 ms to 60 min, such as 30 s')
  predictDeadline!: number;

  @Setting('WELLFORMED_PREDICT_STREAM_IDLE', {
    default: '5 min',
    description:
      'Longest time without progress in a stream of sentences: the client neither sends nor reads, or the model is busy. ' +
      'Then the stream ends.',
    parse: duration,
  })
  @Between(1, 3_600_000, 'must be a time from 1 ms to 60 min, such as 5 min')
  predictStreamIdle!: number;

  @Setting('WELLFORMED_PREDICT_CACHE', {
    default: '0',
    description: 'Number of judgements cached per model. 0 turns the cache off.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be at least 0' })
  predictCache!: number;

  @Setting('WELLFORMED_PREDICT_PRECISION', {
    default: 'auto',
    description:
      'Precision of predictions if the request names none: fp32, int8 (faster; a model without int8 then answers 409), or ' +
      'auto (int8 if it was as good on the validation rows).',
    parse: text,
  })
  @IsIn(['auto', 'fp32', 'int8'], { message: 'must be auto, fp32 or int8' })
  predictPrecision!: 'auto' | 'fp32' | 'int8';

  @Setting('WELLFORMED_LOG_FORMAT', {
    default: 'auto',
    description:
      'Format of the log: text for people, json for machines (one object per line), or auto (text on a terminal, else json).',
    parse: text,
  })
  @IsIn(['auto', 'text', 'json'], { message: 'must be auto, text or json' })
  logFormat!: 'auto' | 'text' | 'json';

  @Setting('WELLFORMED_LOG_LEVEL', {
    default: 'info',
    description: 'Least severe level in the log: error, warn, info or debug.',
    parse: text,
  })
  @IsIn(logLevels, { message: 'must be error, warn, info or debug' })
  logLevel!: LogLevelName;

  @Setting('WELLFORMED_LOG_REQUESTS', {
    default: 'all',
    description:
      'Requests that get a line in the log: all, failed (answered with 4xx or 5xx, or cut off) or none. Successful health ' +
      'checks and metrics are logged at level debug.',
    parse: text,
  })
  @IsIn(['all', 'failed', 'none'], { message: 'must be all, failed or none' })
  logRequests!: 'all' | 'failed' | 'none';

  @Setting('WELLFORMED_HUB_MODELS', {
    default: 'any',
    description:
      'Models that a run may download from the hub: any, catalogue (only those of the catalogue), or a list of ids separated ' +
      'by commas. The catalogue is always allowed.',
    parse: hubModelList,
  })
  @Validate(IsHubModelList)
  hubModels!: 'any' | 'catalogue' | readonly string[];

  @Setting('WELLFORMED_HUB_URL', {
    default: 'https://huggingface.co',
    description: 'Address of the Hugging Face hub, or of a mirror.',
    parse: (value) => value.replace(/\/+$/, ''),
  })
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: 'must be an http or https address' },
  )
  hubUrl!: string;

  @Setting('WELLFORMED_BASE_MODEL_MAX_BYTES', {
    default: '4 GiB',
    description: 'Largest base model that the service downloads.',
    parse: bytes,
  })
  @IsInt({ message: 'must be a size such as 4294967296 or 4 GiB' })
  @Min(1, { message: 'must be at least 1 byte' })
  baseModelMaxBytes!: number;

  @Setting('WELLFORMED_COLA_URL', {
    default: 'https://nyu-mll.github.io/CoLA/cola_public_1.1.zip',
    description: 'Address of the archive that CoLA is downloaded from, or of a copy.',
    parse: text,
  })
  @IsUrl(
    // Error messages give this address to clients, so it must not hold a password.
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true },
    { message: 'must be an http or https address without a password' },
  )
  colaUrl!: string;
}
