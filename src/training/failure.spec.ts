import { describe, expect, it } from 'vitest';
import { EngineUnavailableError, InvalidModelError } from '../bert/errors.js';
import { JobTooLargeError } from '../bert/fine-tuning/memory.js';
import { TrainingDivergedError } from '../bert/fine-tuning/trainer.js';
import { engineReason } from './advice.js';
import { describeFailure, stackOf } from './failure.js';

const size = { needed: 2, available: 1 };

describe('describeFailure', () => {
  it('passes on what was written for people', () => {
    expect(describeFailure(new InvalidModelError('config.json is missing. Copy it.'))).toEqual({
      title: 'The base model cannot be used',
      detail: 'config.json is missing. Copy it.',
    });
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
  ])('adds what to do: %s', (error, detail) => {
    expect(describeFailure(error).detail).toMatch(detail);
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
      title: 'The training ran out of memory',
      detail: expect.stringContaining('smaller batchSize'),
    });
    expect(describeFailure(new Error('OOM when allocating tensor with shape[1024,3072]')).title).toBe(
      'The training ran out of memory',
    );
  });

  it('knows a full disk', () => {
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(describeFailure(error)).toMatchObject({
      title: 'The disk is full',
      detail: expect.stringContaining('Free some space'),
    });
  });

  it('names what it does not know', () => {
    expect(describeFailure(new TypeError('x is not a function'))).toEqual({
      title: 'The training failed',
      detail: 'TypeError: x is not a function',
    });
    expect(describeFailure('gone')).toEqual({ title: 'The training failed', detail: 'gone' });
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
