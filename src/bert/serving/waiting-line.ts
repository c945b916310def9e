import type { ScoringRequest, Sentence } from './scoring-request.js';

/**
 * Requests with waiting sentences. It decides which sentences go next.
 *
 * Requests take turns. The longest sentence of the next request goes first. Sentences of similar length fill
 * the batch, one of each request per round, so that requests of any size progress alike. Fresh requests and
 * requests that have begun alternate. So at most one batch of an earlier request delays a new one, and no
 * request waits for ever.
 */
export class WaitingLine {
  private readonly fresh = new Set<ScoringRequest>();
  private readonly begun = new Set<ScoringRequest>();
  /** Whether the next turn belongs to a request that has begun. */
  private turnOfBegun = false;
  private waitingTokens = 0;

  /** Tokens of the waiting sentences, each counted once. */
  get tokens(): number {
    return this.waitingTokens;
  }

  /** Arrival of the earliest fresh request, or undefined if a request has begun or none waits. */
  get freshSince(): number | undefined {
    const [first] = this.fresh;
    return this.begun.size > 0 ? undefined : first?.submittedAt;
  }

  *[Symbol.iterator](): Generator<ScoringRequest> {
    yield* this.fresh;
    yield* this.begun;
  }

  /** Adds a request with its sentences. Some of them may already wait for others. */
  add(request: ScoringRequest): void {
    this.fresh.add(request);
    for (const { askers, tokenIds } of request.waiting) {
      if (askers.every((asker) => asker.request === request)) this.waitingTokens += tokenIds.length;
    }
    request.waiting.sort((a, b) => a.tokenIds.length - b.tokenIds.length);
  }

  /**
   * Removes a request.
   * @returns its sentences that no other request needs.
   */
  remove(request: ScoringRequest): Sentence[] {
    this.fresh.delete(request);
    this.begun.delete(request);
    const dropped: Sentence[] = [];
    for (const sentence of request.waiting.splice(0)) {
      const others = sentence.askers.filter((asker) => asker.request !== request);
      sentence.askers.splice(0, Infinity, ...others);
      if (others.length > 0) continue;
      this.waitingTokens -= sentence.tokenIds.length;
      dropped.push(sentence);
    }
    return dropped;
  }

  /**
   * Takes the sentences of the next batch.
   * @param tokensPerBatch maximum cost of the batch (see {@link batchCost}). A sentence that costs more is a
   * batch of its own.
   * @returns at least one sentence, unless nothing waits.
   */
  take(tokensPerBatch: number): Sentence[] {
    const next = this.nextTurn();
    if (next === undefined) return [];
    const { length } = next.waiting.at(-1)!.tokenIds;
    const batch = new GrowingBatch(tokensPerBatch);
    const own = nearestInLength(next.waiting, length);
    while (2 * batch.tokens < tokensPerBatch && batch.takeOneOf(own));
    let offers = [...this].map((request) =>
      request === next ? own : nearestInLength(request.waiting, length),
    );
    while (offers.length > 0) offers = offers.filter((offer) => batch.takeOneOf(offer));
    for (const sentence of batch.sentences) this.leave(sentence);
    // Move it behind those that only filled the batch.
    if (this.begun.delete(next)) this.begun.add(next);
    return [...batch.sentences];
  }

  private nextTurn(): ScoringRequest | undefined {
    const [fresh] = this.fresh;
    const [begun] = this.begun;
    const takesBegun = begun !== undefined && (fresh === undefined || this.turnOfBegun);
    this.turnOfBegun = fresh !== undefined && begun !== undefined && !takesBegun;
    return takesBegun ? begun : fresh;
  }

  private leave(sentence: Sentence): void {
    sentence.waiting = false;
    this.waitingTokens -= sentence.tokenIds.length;
    for (const request of new Set(sentence.askers.map((asker) => asker.request))) {
      request.waiting.splice(request.waiting.indexOf(sentence), 1);
      this.fresh.delete(request);
      this.begun.delete(request);
      if (request.waiting.length > 0) this.begun.add(request);
    }
  }
}

/**
 * Cost of a batch, in tokens. Attention is computed in rows as long as the longest sentence, with short ones
 * packed together (see `packInputs`). Measured: 32 sentences that padding would double take up to 8 % longer
 * than 32 of equal length.
 * @param paddedTokens number of tokens if each sentence were padded to the longest.
 */
export function batchCost(tokens: number, paddedTokens: number): number {
  return tokens + (paddedTokens - tokens) / 16;
}

class GrowingBatch {
  readonly sentences = new Set<Sentence>();
  tokens = 0;
  private longest = 0;

  constructor(private readonly budget: number) {}

  /**
   * Takes the first sentence that is not in the batch yet and fits. An empty batch takes any.
   * @returns whether there was one.
   */
  takeOneOf(offer: Iterable<Sentence>): boolean {
    for (const sentence of offer) {
      const tokens = this.tokens + sentence.tokenIds.length;
      const longest = Math.max(this.longest, sentence.tokenIds.length);
      const size = this.sentences.size;
      const fits = size === 0 || batchCost(tokens, (size + 1) * longest) <= this.budget;
      if (!fits || this.sentences.has(sentence)) continue;
      this.sentences.add(sentence);
      this.tokens = tokens;
      this.longest = longest;
      return true;
    }
    return false;
  }
}

/** Yields each sentence once, across all iterations, those nearest to `length` first. */
function nearestInLength(shortestFirst: readonly Sentence[], length: number): Iterable<Sentence> {
  const firstLonger = shortestFirst.findIndex(({ tokenIds }) => tokenIds.length > length);
  let longer = firstLonger === -1 ? shortestFirst.length : firstLonger;
  let shorter = longer - 1;
  const next = (): IteratorResult<Sentence, undefined> => {
    const below = shortestFirst[shorter];
    const above = shortestFirst[longer];
    if (below === undefined && above === undefined) return { done: true, value: undefined };
    const belowIsNearer =
      above === undefined ||
      (below !== undefined && length - below.tokenIds.length <= above.tokenIds.length - length);
    if (belowIsNearer) shorter--;
    else longer++;
    return { done: false, value: belowIsNearer ? below! : above };
  };
  // Without `return`, so that leaving a loop over it does not end it.
  return { [Symbol.iterator]: () => ({ next }) };
}
