import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Instruments } from '../../metrics/instruments.js';
import type { ModelChoice } from '../judging-rule.js';
import { PredictionsService, type ChosenModel } from '../predictions.service.js';
import { inWindows } from './in-windows.js';
import type { JudgedLine } from './judgement-lines.js';
import { eventOf } from './event-of.js';
import { SentenceLines, type SentenceLine } from './sentence-lines.js';
import type { SentenceStream } from './stream-bodies.js';
import { Turns } from './turns.js';

/** Per stream: one is computed, one waits, and one may be waited for by later ones. */
const WINDOWS_AT_ONCE = 3;

/** Larger windows hardly improve the batches. */
const MAX_WINDOW = 128;

export interface JudgedStream {
  /** Judges the whole stream, even if the alias moves in the meantime. */
  model: ChosenModel;
  /** In order, a window at a time. Work only continues while results are requested. */
  judged: AsyncGenerator<JudgedLine[], void>;
}

/** Judges streams of sentences of any length, in the memory of a few windows. */
@Injectable()
export class StreamsService {
  private readonly windowSize: number;
  /** All streams together leave half of a model's queue to others. */
  private readonly turns: Turns;
  private readonly idleTimeout: number;

  constructor(
    private readonly predictions: PredictionsService,
    private readonly instruments: Instruments,
    settings: Settings,
  ) {
    this.windowSize = Math.min(MAX_WINDOW, Math.max(1, Math.floor(settings.predictQueue / 8)));
    this.turns = new Turns(Math.max(1, Math.floor(settings.predictQueue / 2 / this.windowSize)));
    this.idleTimeout = settings.predictStreamIdle;
  }

  /**
   * @throws NotFoundError, ConflictError as {@link PredictionsService.choose}. Reading the judgements throws
   * InvalidInputError if the stream is not text or its columns are unclear, StalledError if no data arrives
   * for too long, and UnavailableError, TooManyRequestsError, OverdueError as {@link
   * PredictionsService.judge}, the last two only after a long wait.
   */
  async judge(
    stream: SentenceStream,
    { signal, ...choice }: ModelChoice & { signal: AbortSignal },
  ): Promise<JudgedStream> {
    const model = await this.predictions.choose(choice);
    const judged = inWindows(this.linesOf(stream, signal), {
      size: this.windowSize,
      atOnce: WINDOWS_AT_ONCE,
      work: (window) => this.judgeWindow(window, model, signal),
    });
    return { model, judged: this.counted(judged) };
  }

  private async *counted<T>(judged: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    const { streams } = this.instruments.predictions;
    streams.inc();
    try {
      yield* judged;
    } finally {
      streams.dec();
    }
  }

  private async *linesOf(
    { type, bytes }: SentenceStream,
    signal: AbortSignal,
  ): AsyncGenerator<SentenceLine[], void> {
    const lines = new SentenceLines(type);
    for await (const chunk of chunksOf(bytes, this.idleTimeout, signal)) yield lines.push(chunk);
    yield lines.end();
  }

  private async judgeWindow(
    window: SentenceLine[],
    model: ChosenModel,
    signal: AbortSignal,
  ): Promise<JudgedLine[]> {
    const sentences = window.flatMap((line) => ('sentence' in line ? [line.sentence] : []));
    const options = { signal, timeout: this.idleTimeout, waitsForRoom: true };
    const judge = () => this.predictions.judge(sentences, model, options);
    const predictions = sentences.length > 0 ? (await this.turns.take(judge, signal)).predictions : [];
    let next = 0;
    return window.map((line) => ({ line, prediction: 'sentence' in line ? predictions[next++]! : null }));
  }
}

/**
 * Reads chunks on demand. The stream's own iterator would destroy it (and the connection) when the loop ends,
 * and has no timeout.
 */
async function* chunksOf(
  bytes: Readable,
  milliseconds: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  for (;;) {
    signal.throwIfAborted();
    const chunk = bytes.read() as Buffer | null;
    if (chunk !== null) yield chunk;
    else if (bytes.errored) throw bytes.errored;
    else if (bytes.readableEnded) return;
    else await eventOf(bytes, ['readable', 'end', 'close'], { milliseconds, signal });
  }
}
