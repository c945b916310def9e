import { sentenceProblem } from '../bert/tokenizer/sentence-problem.js';
import { InvalidInputError, type InputPath, type InputProblem } from '../common/errors.js';
import { characterCount, isLongerThan } from '../common/text.js';
import type { PredictDto, PredictQueryDto } from './dto/predict.dto.js';
import { explainables, type Explainable } from './explanations/explanations.js';
import type { ModelChoice } from './judging-rule.js';

/** What a request asks to judge, and how. */
export interface PredictRequest extends ModelChoice {
  /** The form of the request. The answer has the same form. */
  subject: (typeof subjectNames)[number];
  /** For pairs, a and b alternate. */
  sentences: string[];
  /** The explanation plan of each sentence; empty if not requested. */
  explained: Explainable[];
  logits: boolean;
}

const optionNames = ['model', 'precision', 'threshold', 'logits', 'explain'] as const;
const subjectNames = ['sentence', 'sentences', 'pairs'] as const;

/** All fields that a body may have. */
export const fieldNames: readonly string[] = [...subjectNames, ...optionNames];

/** Longer than any sentence, but short enough for the tokenizer. */
const MAX_CHARACTERS = 10_000;

/**
 * Combines body and query.
 * @throws InvalidInputError if there is nothing to judge, or more than one kind of it; if body and query
 * differ; if a sentence is empty or too long, or has too many words to explain
 */
export function predictRequest(body: PredictDto, query: PredictQueryDto): PredictRequest {
  const subject = subjectOf(body);
  const { logits = false, explain = false, ...choice } = optionsOf(body, query);
  const sentences =
    subject === 'pairs'
      ? body.pairs!.flatMap(({ a, b }) => [a, b])
      : subject === 'sentences'
        ? body.sentences!
        : [body.sentence!];
  const pathOf = paths[subject];
  assertSentences(sentences, pathOf);
  const explained = explain ? explainables(sentences, pathOf) : [];
  return { subject, sentences, explained, logits, ...choice };
}

/**
 * The options of a request with a stream body.
 * @throws InvalidInputError if an explanation is requested
 */
export function streamOptions({ explain, ...options }: PredictQueryDto): Omit<PredictQueryDto, 'explain'> {
  if (!explain) return options;
  const message = 'leave it out, or send the sentences as JSON';
  throw new InvalidInputError('Sentences of a stream cannot be explained.', [
    { parameter: 'explain', message },
  ]);
}

/** What is wrong with a sentence and what to do; null if it can be judged. */
export function problemOfSentence(sentence: unknown): string | null {
  if (typeof sentence !== 'string') return 'must be a string';
  if (isLongerThan(sentence, MAX_CHARACTERS)) {
    return `must have at most ${MAX_CHARACTERS} characters, not ${characterCount(sentence)}: split it into sentences`;
  }
  return sentenceProblem(sentence);
}

/** The location of a sentence in the body. */
type PathOf = (index: number) => InputPath;

const paths: Record<PredictRequest['subject'], PathOf> = {
  sentence: () => ['sentence'],
  sentences: (index) => ['sentences', index],
  pairs: (index) => ['pairs', Math.floor(index / 2), index % 2 === 0 ? 'a' : 'b'],
};

function subjectOf(body: PredictDto): PredictRequest['subject'] {
  const [subject, ...others] = subjectNames.filter((name) => body[name] !== undefined);
  if (subject === undefined) {
    throw new InvalidInputError('There is nothing to judge.', [
      { path: ['sentence'], message: 'give a sentence, a list of them as sentences, or pairs to compare' },
    ]);
  }
  if (others.length === 0) return subject;
  const given = [subject, ...others];
  const errors = others.map((name) => ({ path: [name], message: `give either ${given.join(' or ')}` }));
  throw new InvalidInputError(`The body has both ${given.join(' and ')}.`, errors);
}

function optionsOf(body: PredictDto, query: PredictQueryDto): PredictQueryDto {
  const errors: InputProblem[] = optionNames
    .filter((name) => body[name] !== undefined && query[name] !== undefined && body[name] !== query[name])
    .map((name) => ({ path: [name], message: `give ${name} once: in the body or in the query` }));
  if (errors.length > 0) throw new InvalidInputError('The body and the query contradict each other.', errors);
  const { model, precision, threshold, logits, explain } = body;
  const options: PredictQueryDto = {
    model: model ?? query.model,
    precision: precision ?? query.precision,
    threshold: threshold ?? query.threshold,
    logits: logits ?? query.logits,
    explain: explain ?? query.explain,
  };
  if (options.explain && body.pairs) {
    const place = explain ? { path: ['explain'] } : { parameter: 'explain' };
    const message = 'leave it out, or give the sentences of the pairs as sentences';
    throw new InvalidInputError('Pairs cannot be explained.', [{ ...place, message }]);
  }
  return options;
}

function assertSentences(sentences: readonly string[], pathOf: PathOf): void {
  const errors = sentences.flatMap((sentence, index) => {
    const message = problemOfSentence(sentence);
    return message === null ? [] : [{ path: pathOf(index), message }];
  });
  if (errors.length > 0) {
    throw new InvalidInputError(
      `${errors.length} of ${sentences.length} sentences cannot be judged.`,
      errors,
    );
  }
}
