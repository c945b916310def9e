import type { Type } from '@nestjs/common';
import { InvalidInputError } from '../common/errors.js';
import { parseJson } from '../common/json.js';

// Queries and forms only contain texts. The class that declares the fields says what they mean.

/** A form field as received: a text, or the value of a part that was sent as JSON. */
export type FormField = { name: string } & ({ text: string } | { json: unknown });

type Item = typeof Number | typeof String | typeof Object;

const itemKey = Symbol('what a list holds');

/** Declares that a field may be a list of numbers, texts or objects. */
export function ListOf(item: Item): PropertyDecorator {
  return (prototype, name) => {
    Reflect.defineMetadata('design:type', Array, prototype, name);
    Reflect.defineMetadata(itemKey, item, prototype, name);
  };
}

/**
 * Converts the texts of a query. Anything that is not a number or boolean stays a text, and the validator
 * decides.
 */
export function queryValues(type: Type<object>, texts: Record<string, unknown>): Record<string, unknown> {
  return mapValues(Object.entries(texts), (name, value) =>
    typeof value === 'string' ? scalarOf(value, declared(type, name)) : value,
  );
}

/**
 * Converts a form to the object of an equivalent JSON request. A list is a repeated field, JSON, or numbers
 * separated by commas. `null` means null unless the field is a text. An unreadable value stays a text, and
 * the validator rejects it.
 * @throws InvalidInputError if a field that is not a list came twice
 */
export function formValues(type: Type<object>, fields: readonly FormField[]): Record<string, unknown> {
  const byName = new Map<string, FormField[]>();
  for (const field of fields) {
    const given = byName.get(field.name);
    if (given) given.push(field);
    else byName.set(field.name, [field]);
  }
  return mapValues([...byName], (name, given) => {
    const of = declared(type, name);
    const [field] = given;
    if (given.length === 1) return 'json' in field! ? field.json : valueOf(field!.text, of, type, name);
    if (of === Array) return given.map((one) => itemOf(one, itemsOf(type, name)));
    const message = `${name} stands in the form ${given.length} times: send it once`;
    throw new InvalidInputError(`The form is not valid: ${message}`, [{ path: [name], message }]);
  });
}

function valueOf(text: string, of: unknown, type: Type<object>, name: string): unknown {
  if (of !== String && of !== undefined && text.trim() === 'null') return null;
  return of === Array ? listOf(text, itemsOf(type, name)) : scalarOf(text, of);
}

/** A list in a single field. */
function listOf(text: string, item: Item | undefined): unknown {
  const list = jsonOf(text, '[');
  if (list !== undefined) return list;
  if (item === String) return [text];
  if (item === Number && text.includes(',')) return text.split(',').map((one) => scalarOf(one, Number));
  return text;
}

function itemOf(field: FormField, item: Item | undefined): unknown {
  if ('json' in field) return field.json;
  if (item === Object) return jsonOf(field.text, '{') ?? field.text;
  return scalarOf(field.text, item);
}

/** Parses a text that begins with this bracket; undefined if it does not, or is not JSON. */
function jsonOf(text: string, bracket: '[' | '{'): unknown {
  if (!text.trimStart().startsWith(bracket)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function scalarOf(text: string, of: unknown): unknown {
  const trimmed = text.trim();
  if (of === Number && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  if (of === Boolean && (trimmed === 'true' || trimmed === 'false')) return trimmed === 'true';
  return text;
}

function declared(type: Type<object>, name: string): unknown {
  return Reflect.getMetadata('design:type', type.prototype as object, name);
}

function itemsOf(type: Type<object>, name: string): Item | undefined {
  return Reflect.getMetadata(itemKey, type.prototype as object, name) as Item | undefined;
}

function mapValues<T>(
  entries: readonly (readonly [string, T])[],
  map: (name: string, value: T) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(entries.map(([name, value]) => [name, map(name, value)]));
}
