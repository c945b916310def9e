export interface Windows<T, R> {
  /** Maximum number of items in a window. */
  size: number;
  /** Maximum number of windows in progress. */
  atOnce: number;
  work(window: T[]): Promise<R>;
}

/**
 * Processes items in windows, several at a time, and yields the results in order. It reads no more from the
 * source while a few windows wait, and starts no window while no result is requested. So the slowest party
 * sets the pace, and memory does not grow with the number of items. A partial window does not wait for more
 * items.
 * @param source yields items as they arrive; it is not told to stop.
 * @throws errors of the source or of `work`, after all earlier results.
 */
export async function* inWindows<T, R>(
  source: AsyncIterator<readonly T[], unknown>,
  { size, atOnce, work }: Windows<T, R>,
): AsyncGenerator<R, void> {
  let items: T[] = [];
  let ended = false;
  let failure: { error: unknown } | undefined;
  let reading: Promise<false> | undefined;
  const windows: Promise<R>[] = [];

  const read = async (): Promise<false> => {
    try {
      const { done, value } = await source.next();
      if (done) ended = true;
      else items = items.concat(value);
    } catch (error) {
      failure = { error };
      ended = true;
    }
    return false;
  };
  const begin = () => {
    const window = work(items.splice(0, size));
    // An error is reported in order, or not at all if an earlier window failed.
    window.catch(() => {});
    windows.push(window);
  };

  for (;;) {
    if (!ended && items.length < size * atOnce) reading ??= read();
    while (windows.length < atOnce && items.length > 0) begin();
    const [first] = windows;
    if (first === undefined && reading === undefined) break;
    const isDone = await Promise.race([first?.then(() => true), reading].filter((one) => one !== undefined));
    if (!isDone) {
      reading = undefined;
      continue;
    }
    const result = await windows.shift()!;
    // Before the result is yielded, since the consumer may be slow.
    while (windows.length < atOnce && items.length > 0) begin();
    yield result;
  }
  if (failure) throw failure.error;
}
