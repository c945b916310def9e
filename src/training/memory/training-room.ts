import { gigabytes, type MemoryRoom } from '../../bert/fine-tuning/memory.js';
import type { Settings } from '../../config/settings.js';
import { lessMemory } from '../advice.js';
import { runError, type RunError } from '../run-error.js';
import { availableMemory, type Memory } from './available-memory.js';

/** What the settings allow a training, in bytes; null: what is left. */
export function trainingLimit({ trainingMemory }: Pick<Settings, 'trainingMemory'>): number | null {
  return trainingMemory === 'auto' ? null : trainingMemory;
}

/**
 * How much memory a training may take.
 * @param limit what the settings allow a training
 * @param held what training processes hold that will have given it back by then, or the asking one itself
 */
export function roomForTraining(
  limit: number | null,
  held: number,
  { total, left }: Memory = availableMemory(),
): MemoryRoom {
  const room = (bytes: number) => Math.max(0, Math.min(bytes - reserve(total), limit ?? Infinity));
  return { most: room(total), now: room(left + held) };
}

/** Why a training must end now, before the system ends a process; null as long as there is memory. @param held what it holds */
export function shortage(
  limit: number | null,
  held: number,
  { total, left }: Memory = availableMemory(),
): RunError | null {
  const happened = 'The training ran out of memory';
  if (limit !== null && held > limit) {
    const allowed = `WELLFORMED_TRAINING_MEMORY allows ${gigabytes(limit)}`;
    return runError(
      'out-of-memory',
      `${happened}: it took ${gigabytes(held)}, and ${allowed}. ${lessMemory}`,
    );
  }
  // Half of what no training is started with: what is begun may come near the end.
  if (left >= reserve(total) / 2) return null;
  return runError(
    'out-of-memory',
    `${happened}: it held ${gigabytes(held)}, and of ${gigabytes(total)} there were ${gigabytes(left)} left for all else. ` +
      `It was ended before the system would have ended a process. ${lessMemory}`,
  );
}

/** What is kept for all that changes from one moment to the next: requests, uploads, the system itself. */
function reserve(total: number): number {
  return 96 * 2 ** 20 + 0.02 * total;
}
