import type { EventEmitter } from 'node:events';
import { StalledError } from '../../common/errors.js';

/**
 * Resolves at the first of the events.
 * @throws StalledError after the given milliseconds; and the reason of the signal.
 */
export function eventOf(
  emitter: EventEmitter,
  events: readonly string[],
  { milliseconds, signal }: { milliseconds: number; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      for (const event of events) emitter.off(event, happened);
      if (error) reject(error);
      else resolve();
    };
    const happened = () => settle();
    const abort = () => settle(signal.reason as Error);
    const timer = setTimeout(() => settle(stalled(milliseconds)), milliseconds);
    for (const event of events) emitter.on(event, happened);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}

function stalled(milliseconds: number): StalledError {
  return new StalledError(
    `Nothing was sent or read for ${milliseconds / 1000} s, so the stream was ended. Send the rest in a new stream.`,
  );
}
