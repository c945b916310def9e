import { Injectable, type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';
import { InvalidInputError, type InputProblem } from './errors.js';
import { nearest } from './nearest.js';
import { isPlainlyValid } from './plain-validity.js';

/** Where the validated values came from: decides how a problem is located, and whether texts may stand for numbers. */
export type InputSource = 'body' | 'form' | 'query' | 'param';

/**
 * Checks a plain object against a DTO class and makes one of it. Fields that the class does not know are refused.
 * Values of a form or a query are texts: those of fields declared as number, boolean or list of numbers are read as such.
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
  if (isDeeperThan(DEEPEST, plain)) {
    throw new InvalidInputError(
      `The body is nested more than ${DEEPEST} levels deep. /docs shows its fields and an example.`,
    );
  }
  const values = source === 'body' ? plain : fromTexts(type, plain as Record<string, unknown>);
  const instance = plainToInstance(type, values, { exposeDefaultValues: true });
  if (isPlainlyValid(type, instance)) return instance;
  const errors = await validate(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (errors.length === 0) return instance;

  const problems = errors.flatMap((error) => problemsOf(error, type, source, ''));
  throw new InvalidInputError(summary(problems, source), problems);
}

/** No DTO comes near. What walks through values below calls itself for each level, and would run out of stack. */
const DEEPEST = 32;

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item));
}

/** Validates every DTO that a controller takes. */
@Injectable()
export class StrictValidationPipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || !metatype || NOT_DTOS.has(metatype)) return value;
    return validated(metatype as Type<object>, value, type);
  }
}

const NOT_DTOS = new Set<unknown>([String, Number, Boolean, Array, Object, Buffer, Date]);

function fromTexts(type: Type<object>, texts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, value]) => {
      const declared: unknown = Reflect.getMetadata('design:type', type.prototype as object, name);
      return [name, typeof value === 'string' ? fromText(value.trim(), value, declared) : value];
    }),
  );
}

/** What is no number, boolean or list of numbers stays a text, for the validator to take or to refuse. */
function fromText(trimmed: string, value: string, declared: unknown): unknown {
  if (declared === Number && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  if (declared === Boolean && (trimmed === 'true' || trimmed === 'false')) return trimmed === 'true';
  if (declared === Array && trimmed.includes(',')) {
    return trimmed.split(',').map((item) => fromText(item.trim(), item, Number));
  }
  return value;
}

function problemsOf(
  error: ValidationError,
  type: Type<object>,
  source: InputSource,
  parent: string,
): InputProblem[] {
  const path = `${parent}/${error.property}`;
  const place =
    source === 'body' || source === 'form' ? { pointer: `#${path}` } : { parameter: path.slice(1) };
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => ({
    ...place,
    message: constraint === 'whitelistValidation' ? unknownField(error, type, parent) : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => problemsOf(child, type, source, path))];
}

function unknownField(error: ValidationError, type: Type<object>, parent: string): string {
  const known = parent === '' ? fieldsOf(type) : [];
  const meant = nearest(error.property, known);
  const advice = meant
    ? `Did you mean ${meant}?`
    : known.length > 0
      ? `Known are ${known.join(', ')}.`
      : 'Leave it out.';
  return `${error.property} is no known field. ${advice}`;
}

function fieldsOf(type: Type<object>): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

function summary(problems: InputProblem[], source: InputSource): string {
  const what = { body: 'body', form: 'form', query: 'query', param: 'path' }[source];
  const first = problems[0]!.message;
  return problems.length === 1
    ? `The ${what} is not valid: ${first}`
    : `The ${what} is not valid: ${problems.length} values are wrong, errors lists them.`;
}
