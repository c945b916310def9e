import { InvalidInputError, type InputProblem } from '../common/errors.js';
import type { PredictDto, PredictQueryDto } from './dto/predict.dto.js';

const optionNames = ['model', 'precision', 'threshold', 'logits', 'explain'] as const;
const subjectNames = ['sentence', 'sentences', 'pairs'] as const;

/** All that a body may have. */
export const fieldNames: readonly string[] = [...subjectNames, ...optionNames];

/**
 * What body and query ask for together.
 * @throws InvalidInputError if they differ, or pairs are to be explained
 */
export function optionsOf(body: PredictDto, query: PredictQueryDto): PredictQueryDto {
  const errors: InputProblem[] = optionNames
    .filter((name) => body[name] !== undefined && query[name] !== undefined && body[name] !== query[name])
    .map((name) => ({ path: [name], message: `give ${name} once: in the body or in the query` }));
  if (errors.length > 0) throw new InvalidInputError('The body and the query say different things.', errors);
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
    throw new InvalidInputError('Pairs are not explained.', [{ ...place, message }]);
  }
  return options;
}

/** @throws InvalidInputError if sentences of a stream are to be explained */
export function streamOptionsOf({ explain, ...options }: PredictQueryDto): Omit<PredictQueryDto, 'explain'> {
  if (!explain) return options;
  const message = 'leave it out, or send the sentences as JSON';
  throw new InvalidInputError('Sentences of a stream are not explained.', [
    { parameter: 'explain', message },
  ]);
}

/** @throws InvalidInputError if the body has nothing to judge, or more than one kind of it. */
export function assertOneSubject(body: PredictDto): void {
  const given = subjectNames.filter((name) => body[name] !== undefined);
  if (given.length === 1) return;
  if (given.length === 0) {
    throw new InvalidInputError('There is nothing to judge.', [
      { path: ['sentence'], message: 'give a sentence, a list of them as sentences, or pairs to compare' },
    ]);
  }
  const errors = given
    .slice(1)
    .map((name) => ({ path: [name], message: `give either ${given.join(' or ')}` }));
  throw new InvalidInputError(`The body has both ${given.join(' and ')}.`, errors);
}
