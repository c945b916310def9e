/** A priority queue of numbers, smallest first. */
export class MinHeap {
  readonly #heap: number[] = [];

  push(value: number): void {
    const heap = this.#heap;
    let child = heap.length;
    heap.push(value);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (heap[parent]! <= value) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = value;
  }

  /** @returns undefined if it is empty */
  pop(): number | undefined {
    const heap = this.#heap;
    const least = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return least;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= last) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = last;
    return least;
  }
}
