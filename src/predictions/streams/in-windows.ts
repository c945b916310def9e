export interface Windows<T, R> {
  /** Most items that are worked on as one. */
  size: number;
  /** Most windows that are worked on at a time. */
  atOnce: number;
  work(window: T[]): Promise<R>;
}

/**
 * Works on items in windows, several at a time, and gives the results in order. Takes no more from the source while a few windows
 * of items wait, and begins no more windows while nobody asks for a result: so whoever is slowest sets the pace, and
 * memory is the same however many items there are. A window that is not full does not wait for more items.
 * @param source gives items as they come; it is not told to stop.
 * @throws what the source or `work` throws, after the results of what came before.
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
    // What fails is told of in its turn, or not at all where an earlier one has failed.
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
    // Before the result is taken, which may last.
    while (windows.length < atOnce && items.length > 0) begin();
    yield result;
  }
  if (failure) throw failure.error;
}
