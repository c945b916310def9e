import type { Timing } from '../bert/serving/served-model.js';

/** OpenAPI documentation of the header. */
export const serverTimingHeader = {
  description:
    'Where the time went, in milliseconds: `tokenization`, `queue` (waiting for other requests), `inference` (the batches with the ' +
    'sentences) and `total`. Also the number of `tokens` that were computed, and the number of sentences in the largest `batch`.',
  schema: {
    type: 'string',
    example:
      'tokenization;dur=0.08, queue;dur=0.31, inference;dur=14.52, total;dur=15.60, tokens;desc=9, batch;desc=1',
  },
} as const;

/**
 * The value of a `Server-Timing` header (W3C Server Timing).
 * @param total milliseconds since the request arrived.
 */
export function serverTiming(timing: Timing, total: number): string {
  const { tokenizationSeconds, queueSeconds, inferenceSeconds, tokens, batchSize } = timing;
  const milliseconds = (seconds: number) => (1000 * seconds).toFixed(2);
  return [
    `tokenization;dur=${milliseconds(tokenizationSeconds)}`,
    `queue;dur=${milliseconds(queueSeconds)}`,
    `inference;dur=${milliseconds(inferenceSeconds)}`,
    `total;dur=${total.toFixed(2)}`,
    `tokens;desc=${tokens}`,
    `batch;desc=${batchSize}`,
  ].join(', ');
}
