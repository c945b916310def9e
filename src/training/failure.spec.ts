import { describe, expect, it } from 'vitest';
import { BaseModelUnavailableError } from '../base-models/base-model-store.js';
import { UnknownBaseModelError } from '../base-models/base-model-name.js';
import { CheckpointMismatchError, EngineUnavailableError, InvalidModelError } from '../bert/errors.js';
import { JobTooLargeError } from '../bert/fine-tuning/memory.js';
import { TrainingDivergedError } from '../bert/fine-tuning/trainer.js';
import { DamagedError } from '../common/errors.js';
import { engineReason } from './advice.js';
import { describeFailure, stackOf } from './failure.js';
import type { RunErrorCode } from './run-error.js';
import { JobRefusedError, ModelNotServableError } from './worker/job.js';

const size = { needed: 2, available: 1 };

describe('describeFailure', () => {
  it('passes on what was written for people', () => {
    expect(describeFailure(new InvalidModelError('config.json is missing. Copy it.'))).toEqual({
      code: 'invalid-base-model',
      message: 'The base model cannot be used: config.json is missing. Copy it.',
      param: 'baseModel',
    });
  });

  it.each<[Error, RunErrorCode, string | null]>([
    [new DamagedError('No.'), 'rows-damaged', null],
    [new UnknownBaseModelError('No.'), 'unknown-base-model', 'baseModel'],
    [new BaseModelUnavailableError('No.'), 'base-model-unavailable', 'baseModel'],
    [new EngineUnavailableError('wasm-engine-not-started', 'x', 'No.'), 'engine-unavailable', null],
    [new JobRefusedError('maxLength', 'No.'), 'invalid-hyperparameter', 'maxLength'],
    [new ModelNotServableError('No.'), 'model-not-servable', null],
    [new JobTooLargeError('job-too-large', size, 'No.'), 'job-too-large', 'batchSize'],
    [new TrainingDivergedError(3), 'training-diverged', 'learningRate'],
    [new CheckpointMismatchError('seed'), 'checkpoint-mismatch', null],
  ])('tells programs what it was, and what to change: %s', (error, code, param) => {
    expect(describeFailure(error)).toMatchObject({ code, param });
  });

  it.each<[Error, RegExp]>([
    [new EngineUnavailableError('gpu-engine-not-prepared', 'x', 'No.'), /^No\. Run "npm run set-up:gpu"/],
    [new EngineUnavailableError('native-engine-not-prepared', 'x', 'No.'), /^No\. Run "npm run set-up" /],
    [new EngineUnavailableError('native-engine-not-started', 'x', 'No.'), /^No\..*WELLFORMED_ENGINE=wasm/],
    [new EngineUnavailableError('wasm-engine-not-started', 'x', 'No.'), /^No\..*npm run set-up\.$/],
    [new JobTooLargeError('job-too-large-for-wasm', size, 'No.'), /smaller batchSize.*npm run set-up\.$/],
    [new JobTooLargeError('job-too-large', size, 'No.'), /smaller batchSize.*more memory\.$/],
    [new JobTooLargeError('job-too-large-now', size, 'No.'), /smaller batchSize.*try again\.$/],
    [new TrainingDivergedError(3), /at step 3\. Try a lower learning rate/],
  ])('adds what to do: %s', (error, message) => {
    expect(describeFailure(error).message).toMatch(message);
  });

  it.each([
    ['gpu', /npm run set-up:gpu/],
    ['cpu', /npm run set-up"/],
  ] as const)('says how to get a faster engine (%s)', (faster, text) => {
    const choice = { name: 'wasm', packageName: 'x', reason: 'Slow.', faster } as const;
    expect(engineReason(choice)).toMatch(text);
    expect(engineReason({ ...choice, faster: undefined })).toBe('Slow.');
  });

  it('knows a heap that is full', () => {
    const aborted = Object.assign(new Error('Aborted(). Build with -sASSERTIONS for more info.'), {
      name: 'RuntimeError',
    });
    expect(describeFailure(aborted)).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('smaller batchSize'),
    });
    expect(describeFailure(new Error('OOM when allocating tensor with shape[1024,3072]')).code).toBe(
      'out-of-memory',
    );
  });

  it('knows a full disk', () => {
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(describeFailure(error)).toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('Free some space'),
    });
  });

  it('names what it does not know', () => {
    expect(describeFailure(new TypeError('x is not a function'))).toEqual({
      code: 'unexpected',
      message: expect.stringMatching(
        /^The training failed: TypeError: x is not a function\. Start the run again/,
      ),
      param: null,
    });
    expect(describeFailure('gone').message).toMatch(/^The training failed: gone\. /);
  });
});

describe('stackOf', () => {
  it('says where an error came from that nobody expected, and its causes', () => {
    const cause = new RangeError('the file is cut off');
    expect(stackOf(new TypeError('no weights', { cause }))).toMatch(
      /^TypeError: no weights\n +at .*failure\.spec[^]*\nCaused by: RangeError: the file is cut off\n +at /,
    );
  });

  it('says nothing of errors that are made for people', () => {
    expect(stackOf(new TrainingDivergedError(3))).toBeUndefined();
    expect(stackOf('gone')).toBeUndefined();
  });

  it('ends where errors are the cause of each other', () => {
    const error = new Error('round');
    error.cause = error;
    expect(stackOf(error)!.split('Caused by').length).toBe(5);
  });
});
