import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { hrefTo } from '../router.js';
import { isProblem, isUnreachable, wantsKey, type Loaded } from '../service.js';
import { texts } from '../texts/en.js';

/** Shows loaded data in any state. If the view has no other heading, `heading` is shown until the data is there. */
export function Show<T>({
  of,
  heading,
  children,
}: {
  of: Loaded<T>;
  heading?: string;
  children: (value: T) => ComponentChildren;
}): JSX.Element | null {
  if (of.value !== undefined) {
    return (
      <>
        {of.error && <Problem error={of.error} retry={of.reload} />}
        {children(of.value)}
      </>
    );
  }
  return (
    <>
      {heading && <h1>{heading}</h1>}
      {of.error ? (
        <Problem error={of.error} retry={of.reload} />
      ) : (
        of.showsLoading && <Skeleton isSlow={of.isSlow} />
      )}
    </>
  );
}

export function Skeleton({ isSlow = false }: { isSlow?: boolean }): JSX.Element {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">{texts.common.loading}</span>
      <i />
      <i />
      <i />
      {isSlow && <p>{texts.common.slow}</p>}
    </div>
  );
}

/** An empty state: what is missing, and what to do. */
export function Empty({
  text,
  link,
  children,
}: {
  text: string;
  link?: { to: readonly string[]; text: string };
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <p>{text}</p>
      {link && (
        <a class="button" href={hrefTo(link.to)}>
          {link.text}
        </a>
      )}
      {children}
    </div>
  );
}

/** An error in the service's own words, with a way to continue. */
export function Problem({ error, retry }: { error: Error; retry?: () => void }): JSX.Element | null {
  const seconds = isProblem(error, 429, 503) ? error.retryAfterSeconds : undefined;
  // A dialog already asks for the key.
  if (isProblem(error, 401) && wantsKey.value) return null;
  const detail = isUnreachable(error)
    ? texts.problem.offline
    : isProblem(error, 403)
      ? texts.key.missingScope(error.message)
      : isProblem(error)
        ? error.message
        : `${texts.problem.unexpected} ${error.message}`;
  return (
    <div class="problem" role="alert">
      <p>{detail}</p>
      {isProblem(error) && <ProblemList error={error} />}
      {retry &&
        (seconds === undefined ? (
          <button onClick={retry}>{texts.common.retry}</button>
        ) : (
          <Countdown seconds={seconds} then={retry} />
        ))}
    </div>
  );
}

function ProblemList({
  error: { problem },
}: {
  error: {
    problem: { errors?: readonly { line?: number; column?: number; message: string }[]; errorCount?: number };
  };
}) {
  const { errors = [], errorCount = errors.length } = problem;
  if (errors.length === 0) return null;
  return (
    <ul>
      {errors.slice(0, 20).map(({ line, column, message }) => (
        <li>
          {line !== undefined && (
            <b>
              {texts.problem.line(line)}
              {column !== undefined && `, ${texts.problem.column(column)}`}:{' '}
            </b>
          )}
          {message}
        </li>
      ))}
      {errorCount > 20 && <li>{texts.problem.more(errorCount - 20)}</li>}
    </ul>
  );
}

function Countdown({ seconds, then }: { seconds: number; then: () => void }) {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    if (left <= 0) return then();
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return <p>{texts.common.retryIn(left)}</p>;
}
