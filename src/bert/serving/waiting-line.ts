import type { ScoringRequest, Sentence } from './scoring-request.js';

/**
 * Requests whose sentences wait, and which sentences go next.
 *
 * Requests take turns. Of the one whose turn it is the longest sentence goes for certain; what is near to that in length comes
 * along, of every request one in each round, so that a request of one sentence and one of many get on alike. Requests of which
 * nothing was taken yet and those that have begun have every other turn: a newcomer is kept up by one batch of an earlier
 * request at most, and however many come, none waits for ever.
 */
export class WaitingLine {
  private readonly fresh = new Set<ScoringRequest>();
  private readonly begun = new Set<ScoringRequest>();
  /** Whether a request that has begun goes before a fresh one now. */
  private turnOfBegun = false;
  private waitingTokens = 0;

  /** Of the sentences that wait, each counted once. */
  get tokens(): number {
    return this.waitingTokens;
  }

  /** When the first of those came that nothing was taken of yet; undefined if one has begun, or nobody waits. */
  get freshSince(): number | undefined {
    const [first] = this.fresh;
    return this.begun.size > 0 ? undefined : first?.submittedAt;
  }

  *[Symbol.iterator](): Generator<ScoringRequest> {
    yield* this.fresh;
    yield* this.begun;
  }

  /** Lets a request join with its sentences, some of which may be here for others. */
  add(request: ScoringRequest): void {
    this.fresh.add(request);
    for (const { askers, tokenIds } of request.waiting) {
      if (askers.every((asker) => asker.request === request)) this.waitingTokens += tokenIds.length;
    }
    request.waiting.sort((a, b) => a.tokenIds.length - b.tokenIds.length);
  }

  /** Lets a request leave. @returns its sentences that nobody else asks for. */
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
   * Takes the sentences of the next batch out.
   * @param tokensPerBatch what the batch may cost (see {@link batchCost}); a sentence that alone costs more comes by itself.
   * @returns at least one, unless nobody waits.
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
    // Behind those that only came along.
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
 * What a batch costs, in tokens. Attention is computed in rows as long as the longest sentence, short ones packed together (see
 * `packInputs`): measured, 32 sentences that padding would double take up to 8 % longer than 32 alike.
 * @param paddedTokens if each sentence were padded to the longest.
 */
export function batchCost(tokens: number, paddedTokens: number): number {
  return tokens + (paddedTokens - tokens) / 16;
}

class GrowingBatch {
  readonly sentences = new Set<Sentence>();
  tokens = 0;
  private longest = 0;

  constructor(private readonly budget: number) {}

  /** Takes the first that is not in the batch yet and fits; any into an empty batch. @returns whether there was one. */
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

/** Gives each sentence once, however often it is iterated over: those nearest to `length` first. */
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
