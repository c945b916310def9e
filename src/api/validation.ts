import { Injectable, type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { InvalidInputError, type InputPath, type InputProblem } from '../common/errors.js';
import { queryValues } from './form-values.js';
import { knownFields, type UnknownField } from './known-fields.js';
import { nearest } from '../common/nearest.js';
import { isPlainlyValid } from './plain-validity.js';
import { MOST_OF_NAME } from './problem-details.js';
import { ProblemList } from '../common/problem-list.js';
import { shortened } from '../common/text.js';

/** Where the values came from. It decides how a problem is located and whether values are texts. */
export type InputSource = 'body' | 'form' | 'query' | 'param';

/**
 * Validates a plain object against a DTO class and creates an instance. Unknown fields are rejected. Values
 * of a query or a path are texts; those of number and boolean fields are converted. `formValues` converts a
 * form's.
 * @throws InvalidInputError with every field that is wrong
 */
export async function validated<T extends object>(
  type: Type<T>,
  plain: unknown,
  source: InputSource,
): Promise<T> {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    throw new InvalidInputError('The body must be a JSON object. /docs shows its fields and an example.');
  }
  const problems = new ProblemList();
  const known = knownFields(type, plain, (field) =>
    problems.add(() => ({
      ...placeOf(field.path, source),
      message: unknownField(field, problems.count <= MOST_ADVISED),
    })),
  );
  const values = source === 'query' || source === 'param' ? queryValues(type, known) : known;
  const instance = plainToInstance(type, values, { exposeDefaultValues: true });
  if (problems.count === 0 && isPlainlyValid(type, instance)) return instance;
  for (const error of await validate(instance, { forbidUnknownValues: true })) {
    for (const problem of problemsOf(error, source, [])) problems.add(problem);
  }
  if (problems.count === 0) return instance;
  throw new InvalidInputError(summary(problems, source), problems.first, problems.count);
}

/** The maximum number of unknown fields that get a suggestion. */
const MOST_ADVISED = 10;

/** Validates the DTOs of all controllers. */
@Injectable()
export class StrictValidationPipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || !metatype || NOT_DTOS.has(metatype)) return value;
    return validated(metatype as Type<object>, value, type);
  }
}

const NOT_DTOS = new Set<unknown>([String, Number, Boolean, Array, Object, Buffer, Date]);

/** Returns one problem per value: the first rule that it breaks, in the order of declaration. */
function problemsOf(
  { property, constraints, children = [] }: ValidationError,
  source: InputSource,
  parent: InputPath,
): InputProblem[] {
  const path = [...parent, property];
  // Decorators are applied from the last to the first.
  const message = Object.values(constraints ?? {}).at(-1);
  if (message !== undefined) return [{ ...placeOf(path, source), message }];
  return children.flatMap((child) => problemsOf(child, source, path));
}

function placeOf(path: InputPath, source: InputSource): Omit<InputProblem, 'message'> {
  if (source === 'query' || source === 'param') return { parameter: told(path.join('.')) };
  return { path };
}

function unknownField({ name, known }: UnknownField, isAdvised: boolean): string {
  const meant = isAdvised ? nearest(name, known) : undefined;
  const advice = meant
    ? ` Did you mean ${meant}?`
    : isAdvised && known.length > 0
      ? ` Known are ${known.join(', ')}.`
      : '';
  return `${told(name)} is not a known field.${advice}`;
}

function told(name: string): string {
  return shortened(name, MOST_OF_NAME);
}

function summary({ first, count }: ProblemList, source: InputSource): string {
  const what = { body: 'body', form: 'form', query: 'query', param: 'path' }[source];
  if (count === 1) return `The ${what} is not valid: ${first[0]!.message}`;
  const which = count > first.length ? `the first ${first.length} of them` : 'them';
  return `The ${what} is not valid: ${count} values are wrong, errors lists ${which}.`;
}
