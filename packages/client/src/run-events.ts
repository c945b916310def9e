import { problemErrorOf, ProblemError } from './errors.js';
import type { RunEventDataDto } from './generated/types.gen.js';
import { wait } from './wait.js';

/** Data of an event, by its type. */
export type RunEventData = RunEventDataDto;

/** One event of a run. `id` grows from event to event. */
export type RunEvent = {
  [Type in keyof RunEventData]: { id: number; type: Type; data: RunEventData[Type] };
}[keyof RunEventData];

/** Pauses between tries to reach the service, in milliseconds. Each is twice as long as the one before. */
const RECONNECT = { first: 500, longest: 15_000 };

/**
 * Follows a stream of server-sent events to its end. If the connection breaks, it reconnects and continues
 * after the last event. No event is missed or repeated.
 * @param open requests the events after the one with this id
 * @param options.signal stops following
 * @param options.onConnection receives whether there is a connection
 * @throws ProblemError for an error answer that will not change
 */
export async function* followEvents(
  open: (lastEventId: number, signal?: AbortSignal) => Promise<Response>,
  {
    lastEventId = 0,
    signal,
    onConnection,
  }: { lastEventId?: number; signal?: AbortSignal; onConnection?: (isConnected: boolean) => void } = {},
): AsyncGenerator<RunEvent, void, void> {
  let pause = RECONNECT.first;
  let last = lastEventId;
  while (!signal?.aborted) {
    let seconds = 0;
    try {
      const response = await open(last, signal);
      // The run has ended, and there are no events after this one.
      if (response.status === 204) return;
      if (!response.ok) throw problemErrorOf(await response.json().catch(() => null), response);
      onConnection?.(true);
      const before = last;
      for await (const event of eventsOf(response.body!)) {
        pause = RECONNECT.first;
        last = event.id;
        yield event;
      }
      // If the stream ended normally, ask again. The answer 204 then means that the run has ended.
      if (last > before) continue;
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ProblemError) {
        if (error.status < 500 && error.status !== 408 && error.status !== 429) throw error;
        seconds = error.retryAfterSeconds ?? 0;
      }
      onConnection?.(false);
    }
    await wait(Math.max(pause, 1000 * seconds), signal);
    pause = Math.min(2 * pause, RECONNECT.longest);
  }
}

/**
 * Parses the part of `text/event-stream` that this service uses:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<RunEvent> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      // The last block may continue in the next chunk.
      rest = blocks.pop()!;
      for (const block of blocks) {
        const fields = new Map(
          block
            .split('\n')
            .filter((line) => !line.startsWith(':'))
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
        );
        const data = fields.get('data');
        if (data === undefined) continue;
        yield {
          id: Number(fields.get('id')),
          type: fields.get('event'),
          data: JSON.parse(data) as unknown,
        } as RunEvent;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
