import { problemErrorOf, ProblemError } from './errors.js';
import type { RunEventDataDto } from './generated/types.gen.js';
import { wait } from './wait.js';

/** What an event tells, by its type. */
export type RunEventData = RunEventDataDto;

/** One event of a run. `id` grows from event to event. */
export type RunEvent = {
  [Type in keyof RunEventData]: { id: number; type: Type; data: RunEventData[Type] };
}[keyof RunEventData];

/** Milliseconds between two tries to reach a service that has gone away; each is twice as long as the one before. */
const RECONNECT = { first: 500, longest: 15_000 };

/**
 * Follows a stream of server-sent events to its end. When the connection breaks, it connects again and goes on after the last event
 * that came, so that no event is missing and none comes twice.
 * @param open asks for the events after the one with this id
 * @param options.signal ends it
 * @param options.onConnection told whether there is a connection
 * @throws ProblemError for an answer that is an error and will stay one
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
      // The run is over, and there is nothing after this event.
      if (response.status === 204) return;
      if (!response.ok) throw problemErrorOf(await response.json().catch(() => null), response);
      onConnection?.(true);
      const before = last;
      for await (const event of eventsOf(response.body!)) {
        pause = RECONNECT.first;
        last = event.id;
        yield event;
      }
      // A stream that ended by itself is asked again: 204 then says that this was all.
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

/** Parses `text/event-stream` as far as this service uses it: https://html.spec.whatwg.org/multipage/server-sent-events.html */
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
      // The last one may go on in the next chunk.
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
