import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLoaded } from '../service.js';
import { texts } from '../texts/en.js';
import { useAction } from './action.js';
import { Problem, Show } from './states.js';

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** A list that loads more pages on demand. Its first page is reloaded every `every` milliseconds. */
export function Paged<T extends object>({
  load,
  inputs = [],
  every,
  empty,
  children,
}: {
  load: (cursor: string | undefined, signal?: AbortSignal) => Promise<Page<T>>;
  inputs?: readonly unknown[];
  every?: number;
  empty: ComponentChildren;
  children: (items: readonly T[], reload: () => void) => ComponentChildren;
}): JSX.Element {
  const first = useLoaded((signal) => load(undefined, signal), inputs, { every });
  const [rest, setRest] = useState<{ of: readonly unknown[]; items: T[]; nextCursor: string | null }>();
  // Pages that were loaded for other inputs do not belong to this list.
  const further = rest && rest.of.every((value, index) => value === inputs[index]) ? rest : undefined;
  const more = useAction(async (cursor: string) => {
    const page = await load(cursor);
    setRest({
      of: [...inputs],
      items: [...(further?.items ?? []), ...page.items],
      nextCursor: page.nextCursor,
    });
  });
  return (
    <Show of={first}>
      {(page) => {
        const items = [...page.items, ...(further?.items ?? [])];
        const next = further ? further.nextCursor : page.nextCursor;
        if (items.length === 0 && next === null) return empty;
        return (
          <>
            {children(items, () => {
              setRest(undefined);
              first.reload();
            })}
            {more.error && <Problem error={more.error} />}
            {next !== null && (
              <button disabled={more.isBusy} onClick={() => more.run(next)}>
                {texts.common.more}
              </button>
            )}
          </>
        );
      }}
    </Show>
  );
}
