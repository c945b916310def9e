import { describe, expect, it } from 'vitest';
import { InvalidModelError } from '../bert/errors.js';
import { JobTooLargeError } from '../bert/fine-tuning/memory.js';
import { describeFailure } from './failure.js';

describe('describeFailure', () => {
  it('passes on what was written for people', () => {
    expect(describeFailure(new InvalidModelError('config.json is missing. Copy it.'))).toEqual({
      title: 'The base model cannot be used',
      detail: 'config.json is missing. Copy it.',
    });
    expect(describeFailure(new JobTooLargeError('Too large. Take less.')).detail).toBe(
      'Too large. Take less.',
    );
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
