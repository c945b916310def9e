import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RunLogLineDto } from 'wellformed-client';
import { clock, time } from '../format.js';
import { Show } from '../parts/states.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';

const t = texts.runLog;

const REFRESH_MS = 3000;
/** As many as the service keeps of a run. */
const MOST_LINES = 1000;

/** What the training process printed and what happened to the run. It is fetched when a reader opens it. */
export function RunLog({ id, isLive }: { id: string; isLive: boolean }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t.title}</summary>
      {isOpen && <Lines id={id} isLive={isLive} />}
    </details>
  );
}

function Lines({ id, isLive }: { id: string; isLive: boolean }) {
  const known = useRef<readonly RunLogLineDto[]>([]);
  const loaded = useLoaded(
    async (signal) => {
      const cursor = String(known.current.at(-1)?.sequence ?? 0);
      const { items } = await wellformed.api.training.log({
        path: { id },
        query: { limit: MOST_LINES, cursor },
        signal,
      });
      // Who asked later adds them.
      if (!signal.aborted) known.current = [...known.current, ...items].slice(-2 * MOST_LINES);
      return known.current;
    },
    [id],
    { every: isLive ? REFRESH_MS : undefined },
  );
  // The last lines come with the end of the run.
  const wasLive = useRef(isLive);
  useEffect(() => {
    if (wasLive.current && !isLive) loaded.reload();
    wasLive.current = isLive;
  }, [isLive]);
  return <Show of={loaded}>{(lines) => <Text lines={lines} />}</Show>;
}

function Text({ lines }: { lines: readonly RunLogLineDto[] }) {
  const shown = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  // Who reads further up stays there.
  useLayoutEffect(() => {
    if (isAtEnd.current) shown.current?.scrollTo({ top: shown.current.scrollHeight });
  }, [lines]);
  if (lines.length === 0) return <p class="note">{t.empty}</p>;
  return (
    <pre
      class="log"
      ref={shown}
      tabIndex={0}
      role="region"
      aria-label={t.title}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - 8;
      }}
    >
      {lines.map((line, index) => (
        <Line key={line.sequence} line={line} expected={(lines[index - 1]?.sequence ?? 0) + 1} />
      ))}
    </pre>
  );
}

function Line({
  line: { sequence, createdAt, source, text },
  expected,
}: {
  line: RunLogLineDto;
  expected: number;
}) {
  return (
    <>
      {sequence > expected && `${t.missing(expected, sequence - 1)}\n`}
      <time dateTime={createdAt} title={time(createdAt)}>
        {clock(createdAt)}
      </time>{' '}
      {source !== 'service' && `${source} `}
      <bdi>{text}</bdi>
      {'\n'}
    </>
  );
}
