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
} from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';
import { logLevels, type LogLevelName } from '../logging/service-logger.js';
import { Between } from './between.js';
import { HttpSettings } from './http-settings.js';
import { bytes, duration, integer, Setting, text, type SettingParser } from './setting.js';

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

/** What the service can be told from outside. Read once at the start by `readSettings`, frozen, injected where needed. */
export class Settings extends HttpSettings {
  @Setting('WELLFORMED_DATA', {
    default: './data',
    description: 'Folder for the database, datasets and models. One process at a time.',
    parse: text,
  })
  @IsNotEmpty({ message: 'must be the path of a folder' })
  dataFolder!: string;

  @Setting('WELLFORMED_BASE_MODELS', {
    default: '<data>/base-models',
    description: 'Folder for base models, both those put there by hand and those downloaded.',
    parse: text,
  })
  @IsNotEmpty({ message: 'must be the path of a folder' })
  baseModelFolder!: string;

  @Setting('WELLFORMED_ENGINE', {
    default: 'auto',
    description:
      'What trains: tensorflow (native; tensorflow-cpu or tensorflow-gpu names one of its two builds), wasm (portable, slow), ' +
      'or auto: tensorflow where it is prepared.',
    parse: text,
  })
  @IsIn(['auto', 'tensorflow', 'tensorflow-cpu', 'tensorflow-gpu', 'wasm'], {
    message: 'must be auto, tensorflow, tensorflow-cpu, tensorflow-gpu or wasm',
  })
  engine!: 'auto' | 'tensorflow' | 'tensorflow-cpu' | 'tensorflow-gpu' | 'wasm';

  @Setting('WELLFORMED_TRAINING_MEMORY', {
    default: 'auto',
    description:
      'Most memory that a training may take, in bytes or with a unit; one that needs more is refused, one that takes more is ended. ' +
      'auto: what the machine or container has left.',
    parse: (value) => (value === 'auto' ? value : bytes(value)),
  })
  @ValidateIf(({ trainingMemory }: Settings) => trainingMemory !== 'auto')
  @IsInt({ message: 'must be auto or a size such as 4294967296 or 4 GiB' })
  @Min(2 ** 20, { message: 'must be auto or at least 1 MiB' })
  trainingMemory!: number | 'auto';

  @Setting('WELLFORMED_MAX_FOLLOWERS', {
    default: '2000',
    description: 'Most clients that follow runs (`GET /train/ID/events`) at a time; more are answered 429.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  maxFollowers!: number;

  @Setting('WELLFORMED_EVALUATION_QUEUE', {
    default: '100',
    description: 'Most evaluations of models that wait for their turn; more are answered 429.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  evaluationQueue!: number;

  @Setting('WELLFORMED_MAX_UPLOAD_BYTES', {
    default: '1 GiB',
    description: 'Largest file that is taken, in bytes or with a unit (KiB, MiB, GiB).',
    parse: bytes,
  })
  @IsInt({ message: 'must be a size such as 1073741824 or 1 GiB' })
  @Min(1, { message: 'must be at least 1 byte' })
  maxUploadBytes!: number;

  @Setting('WELLFORMED_MAX_BODY_BYTES', {
    default: '1 MiB',
    description: 'Largest JSON or text body that is taken, in bytes or with a unit.',
    parse: bytes,
  })
  @IsInt({ message: 'must be a size such as 1048576 or 1 MiB' })
  @Min(1024, { message: 'must be at least 1024 bytes' })
  @Max(2 ** 30, { message: 'must be at most 1 GiB' })
  maxBodyBytes!: number;

  @Setting('WELLFORMED_LOADED_MODELS', {
    default: '2',
    description:
      'Most models in memory at a time for predictions, one more while an alias moves; the one not asked for longest leaves.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  loadedModels!: number;

  @Setting('WELLFORMED_INFERENCE_THREADS', {
    default: 'auto',
    description: 'Threads that compute one batch of sentences; auto: as many as the process may use cores.',
    parse: (value) => (value === 'auto' ? value : integer(value)),
  })
  @ValidateIf(({ inferenceThreads }: Settings) => inferenceThreads !== 'auto')
  @IsInt({ message: 'must be auto or a whole number from 1 to 1024' })
  @Between(1, 1024, 'must be auto or a whole number from 1 to 1024')
  inferenceThreads!: number | 'auto';

  @Setting('WELLFORMED_PREDICT_BATCH_TOKENS', {
    default: '512',
    description:
      'Most tokens of sentences computed together; different lengths count a little more, and a longer sentence is computed by itself.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  predictBatchTokens!: number;

  @Setting('WELLFORMED_PREDICT_MAX_WAIT', {
    default: '0 ms',
    description:
      'How long a sentence waits for company while its model has nothing to do: more sentences a second, each later.',
    parse: duration,
  })
  @Between(0, 10_000, 'must be a time from 0 to 10 s, such as 5 ms')
  predictMaxWait!: number;

  @Setting('WELLFORMED_PREDICT_QUEUE', {
    default: '1024',
    description: 'Most sentences that wait for a model; who comes when it is full is answered 429.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  predictQueue!: number;

  @Setting('WELLFORMED_PREDICT_DEADLINE', {
    default: '30 s',
    description: 'A request that still waits after so long is answered 503.',
    parse: duration,
  })
  @Between(1, 3_600_000, 'must be a time from 1 ms to 60 min, such as 30 s')
  predictDeadline!: number;

  @Setting('WELLFORMED_PREDICT_STREAM_IDLE', {
    default: '5 min',
    description:
      'A stream of sentences ends when its client neither sends nor reads for so long, or a part of it waits so long for the model.',
    parse: duration,
  })
  @Between(1, 3_600_000, 'must be a time from 1 ms to 60 min, such as 5 min')
  predictStreamIdle!: number;

  @Setting('WELLFORMED_PREDICT_CACHE', {
    default: '0',
    description: 'Of how many sentences each model remembers its judgement; 0: none.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be at least 0' })
  predictCache!: number;

  @Setting('WELLFORMED_PREDICT_PRECISION', {
    default: 'auto',
    description:
      'What predictions are computed with where a request does not say: fp32, int8 (faster; a model that has none is then answered ' +
      '409), or auto: int8 where it was as good on the validation rows.',
    parse: text,
  })
  @IsIn(['auto', 'fp32', 'int8'], { message: 'must be auto, fp32 or int8' })
  predictPrecision!: 'auto' | 'fp32' | 'int8';

  @Setting('WELLFORMED_LOG_FORMAT', {
    default: 'auto',
    description:
      'text for people, json for machines (one object a line), auto: text on a terminal, else json.',
    parse: text,
  })
  @IsIn(['auto', 'text', 'json'], { message: 'must be auto, text or json' })
  logFormat!: 'auto' | 'text' | 'json';

  @Setting('WELLFORMED_LOG_LEVEL', {
    default: 'info',
    description: 'How much the log tells: error, warn, info or debug, each with all before it.',
    parse: text,
  })
  @IsIn(logLevels, { message: 'must be error, warn, info or debug' })
  logLevel!: LogLevelName;

  @Setting('WELLFORMED_LOG_REQUESTS', {
    default: 'all',
    description:
      'Of which requests the log has a line: all, failed (answered 4xx or 5xx, or cut off) or none. Those of health checks and ' +
      'metrics that go well are told at the level debug.',
    parse: text,
  })
  @IsIn(['all', 'failed', 'none'], { message: 'must be all, failed or none' })
  logRequests!: 'all' | 'failed' | 'none';

  @Setting('WELLFORMED_HUB_MODELS', {
    default: 'any',
    description:
      'Which models a run may fetch from the hub: any, catalogue (those of the catalogue alone), or a list of ids ' +
      'with commas between them (the catalogue is always allowed).',
    parse: hubModelList,
  })
  @Validate(IsHubModelList)
  hubModels!: 'any' | 'catalogue' | readonly string[];

  @Setting('WELLFORMED_HUB_URL', {
    default: 'https://huggingface.co',
    description: 'Address of the Hugging Face hub or of a mirror of it.',
    parse: (value) => value.replace(/\/+$/, ''),
  })
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: 'must be an http or https address' },
  )
  hubUrl!: string;

  @Setting('WELLFORMED_BASE_MODEL_MAX_BYTES', {
    default: '4 GiB',
    description: 'Largest base model that is downloaded, in bytes or with a unit.',
    parse: bytes,
  })
  @IsInt({ message: 'must be a size such as 4294967296 or 4 GiB' })
  @Min(1, { message: 'must be at least 1 byte' })
  baseModelMaxBytes!: number;

  @Setting('WELLFORMED_COLA_URL', {
    default: 'https://nyu-mll.github.io/CoLA/cola_public_1.1.zip',
    description:
      'Address of the archive that CoLA is fetched from, when somebody adds it by name; or of a copy of it.',
    parse: text,
  })
  @IsUrl(
    // Clients are told the address where it does not answer.
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true },
    { message: 'must be an http or https address without a password' },
  )
  colaUrl!: string;
}
