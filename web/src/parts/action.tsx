import { useState } from 'preact/hooks';

/** An action of the reader: whether it is running, and its error. */
export function useAction<A extends unknown[]>(
  action: (...values: A) => Promise<void>,
): { run: (...values: A) => void; isBusy: boolean; error?: Error } {
  const [state, setState] = useState<{ isBusy: boolean; error?: Error }>({ isBusy: false });
  const run = (...values: A) => {
    setState({ isBusy: true });
    action(...values).then(
      () => setState({ isBusy: false }),
      (error: unknown) =>
        setState(
          (error as Error).name === 'AbortError'
            ? { isBusy: false }
            : { isBusy: false, error: error as Error },
        ),
    );
  };
  return { run, ...state };
}
