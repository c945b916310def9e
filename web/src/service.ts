import { computed, effect, signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ProblemError, UnreachableError, Wellformed } from 'wellformed-client';

const STORED_KEY = 'wellformed-key';

/** The key is kept in memory, or in this tab's storage if the reader asks for that. */
export const apiKey = signal<string | undefined>(sessionStorage.getItem(STORED_KEY) ?? undefined);

export function useKey(key: string | undefined, remember = false): void {
  if (key !== undefined && remember) sessionStorage.setItem(STORED_KEY, key);
  else sessionStorage.removeItem(STORED_KEY);
  apiKey.value = key;
}

/** Whether the service needs a key: none was given, or it was wrong. */
export const wantsKey = signal<false | 'none' | 'wrong'>(false);
effect(() => {
  // Try again with a new key.
  void apiKey.value;
  wantsKey.value = false;
});

/** Whether the last request was answered. */
export const isConnected = signal(true);

const POLL_MS = 3000;
let poll: ReturnType<typeof setInterval> | undefined;
effect(() => {
  clearInterval(poll);
  if (isConnected.value) return;
  poll = setInterval(() => void wellformed.api.health.live().catch(() => undefined), POLL_MS);
});

/** The client of the service. It also records whether the last request was answered. */
export const wellformed = new Wellformed({
  baseUrl: new URL('.', location.href).href,
  apiKey: () => apiKey.value,
  fetch: async (input, init) => {
    try {
      const response = await fetch(input, init);
      isConnected.value = true;
      if (response.status === 401) wantsKey.value = apiKey.value === undefined ? 'none' : 'wrong';
      return response;
    } catch (error) {
      if ((error as Error).name !== 'AbortError') isConnected.value = false;
      throw error;
    }
  },
});

/**
 * Time after which the page shows that it is loading, and time after which it says that this is slow, in
 * milliseconds.
 */
const SHOW_LOADING_MS = 200;
const SLOW_MS = 5000;

const firstLoads = signal(0);

/** Whether a part of the view is still loading. Assistive technology then waits before it reads the view. */
export const isLoading = computed(() => firstLoads.value > 0);

/** Loaded data and its state. While data is reloaded, the previous data stays. */
export interface Loaded<T> {
  value?: T;
  error?: Error;
  /** Whether to show that nothing has been loaded yet. */
  showsLoading: boolean;
  isSlow: boolean;
  reload: () => void;
}

/**
 * Loads data. Loads it again when `inputs` change, when the connection or the key is back, and every `every`
 * milliseconds while the page is visible.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: readonly unknown[],
  { every }: { every?: number } = {},
): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>({ showsLoading: false, isSlow: false });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const connected = isConnected.value;
  const key = apiKey.value;
  const failed = useRef(false);

  // Do not show data of other inputs.
  useEffect(() => setState({ showsLoading: false, isSlow: false }), inputs);

  useEffect(() => {
    const abort = new AbortController();
    let counts = state.value === undefined;
    if (counts) firstLoads.value++;
    const counted = () => {
      if (counts) firstLoads.value--;
      counts = false;
    };
    const loading = setTimeout(() => setState((old) => ({ ...old, showsLoading: true })), SHOW_LOADING_MS);
    const slow = setTimeout(() => setState((old) => ({ ...old, isSlow: true })), SLOW_MS);
    const settle = (change: Pick<Loaded<T>, 'value' | 'error'>) => {
      if (abort.signal.aborted) return;
      failed.current = change.error !== undefined;
      counted();
      clearTimeout(loading);
      clearTimeout(slow);
      setState((old) => ({
        value: change.value ?? old.value,
        error: change.error,
        showsLoading: false,
        isSlow: false,
      }));
    };
    latest.current(abort.signal).then(
      (value) => settle({ value }),
      (error: unknown) => settle({ error: error as Error }),
    );
    return () => {
      abort.abort();
      counted();
      clearTimeout(loading);
      clearTimeout(slow);
    };
    // Reload when the connection is back, but not when it is lost.
  }, [...inputs, turn, key, connected || !failed.current]);

  useEffect(() => {
    if (every === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setTurn((old) => old + 1);
    }, every);
    return () => clearInterval(timer);
  }, [every]);

  return { ...state, reload: () => setTurn((old) => old + 1) };
}

export function isProblem(error: unknown, ...statuses: number[]): error is ProblemError {
  return error instanceof ProblemError && (statuses.length === 0 || statuses.includes(error.status));
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof UnreachableError;
}
