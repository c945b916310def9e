import type { RunEventType } from '../run-event.js';

/** All of them, as the compiler makes sure. */
const meanings: Record<RunEventType, string> = {
  status: 'queued, running, or how the run ended',
  phase: 'what the run is busy with now',
  download: 'how much of the base model has come',
  engine: 'what trains',
  plan: 'what was settled once the data was read',
  step: 'a training step, at most two a second',
  evaluation: 'an evaluation on the validation rows',
  epoch: 'an epoch has ended',
  stoppedEarly: 'why the training ended before its last step',
};

const list = Object.entries(meanings).map(([type, meaning]) => `\`${type}\`: ${meaning}`);

/** What OpenAPI says of each event of a run's stream, not of the stream as a whole. */
export const runEventSchema = {
  type: 'object',
  properties: {
    id: { type: 'string', pattern: '^\\d+$', description: 'Grows from event to event.', example: '17' },
    event: { type: 'string', enum: Object.keys(meanings), description: `${list.join('; ')}.` },
    data: { type: 'string', description: 'A JSON object.', example: '{"status":"running"}' },
  },
  required: ['id', 'event', 'data'],
};
