import { expect, it } from 'vitest';
import type { RunEvent } from '../training/run-event.js';
import { isReported, runMessage } from './run-message.js';

const createdAt = new Date('2026-01-01T00:00:00.000Z');
const statusEvent = (status: string, more = {}) =>
  ({ sequence: 1, createdAt, type: 'status', data: { status, ...more } }) as RunEvent;

it.each([
  ['queued', false],
  ['preparing', false],
  ['running', false],
  ['paused', false],
  ['interrupted', false],
  ['succeeded', true],
  ['failed', true],
  ['cancelled', true],
])('a run that comes to %s makes a message: %s', (status, makesOne) => {
  expect(isReported(statusEvent(status))).toBe(makesOne);
});

it('no other event makes a message', () => {
  const event: RunEvent = { sequence: 1, createdAt, type: 'stoppedEarly', data: { reason: 'r' } };
  expect(isReported(event)).toBe(false);
});

it('a message says what the event brought, even if the run cannot be read', () => {
  const error = { code: 'training-diverged', message: 'Lower the learning rate.', param: 'learningRate' };
  const event = statusEvent('failed', { error });
  if (!isReported(event)) throw new Error('It is one.');
  expect(runMessage('run_1', event, null)).toEqual({
    type: 'run.failed',
    at: createdAt,
    data: {
      runId: 'run_1',
      status: 'failed',
      name: null,
      baseModel: null,
      datasetId: null,
      modelId: null,
      mcc: null,
      error,
    },
  });
});
