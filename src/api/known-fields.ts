import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { ValidationTypes } from 'class-validator';
import { rulesOf } from './plain-validity.js';

/** A field that is not one of its class. */
export interface UnknownField {
  name: string;
  /** The names and indices that lead to the field, including its own name. */
  path: readonly (string | number)[];
  /** The fields that exist there, for suggestions. */
  known: readonly string[];
}

interface Field {
  /** The maximum number of list items. */
  most: number;
  /** The class of an object, or of the objects of a list. */
  nested: Type<object> | undefined;
}

/** The rules are set by decorators, so they exist before the first object and never change. */
const fieldsOfTypes = new WeakMap<Type<object>, ReadonlyMap<string, Field>>();

/**
 * Copies the parts of a plain object that a DTO class describes, which bounds all later work on it: only
 * declared own fields, at most one list item more than allowed, and nothing of objects without a class.
 * Inherited properties (`constructor`) are not fields.
 * @param onUnknown receives each field that the class does not declare
 */
export function knownFields(
  type: Type<object>,
  plain: object,
  onUnknown: (field: UnknownField) => void,
  path: readonly (string | number)[] = [],
): Record<string, unknown> {
  const fields = fieldsOf(type);
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(plain)) {
    const field = fields.get(name);
    if (field) known[name] = copyOf(value, field, onUnknown, [...path, name]);
    else onUnknown({ name, path: [...path, name], known: [...fields.keys()] });
  }
  return known;
}

function copyOf(
  value: unknown,
  field: Field,
  onUnknown: (field: UnknownField) => void,
  path: readonly (string | number)[],
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    if (typeof path.at(-1) === 'number') return [];
    return value.slice(0, field.most + 1).map((item, i) => copyOf(item, field, onUnknown, [...path, i]));
  }
  return field.nested ? knownFields(field.nested, value, onUnknown, path) : {};
}

function fieldsOf(type: Type<object>): ReadonlyMap<string, Field> {
  let fields = fieldsOfTypes.get(type);
  if (!fields) {
    fields = new Map(
      [...rulesOf(type)].map(([name, rules]) => {
        const most = rules.find((rule) => rule.name === 'arrayMaxSize')?.constraints[0] as number | undefined;
        const isNested = rules.some((rule) => rule.type === ValidationTypes.NESTED_VALIDATION);
        return [name, { most: most ?? Infinity, nested: isNested ? nestedTypeOf(type, name) : undefined }];
      }),
    );
    fieldsOfTypes.set(type, fields);
  }
  return fields;
}

/**
 * Returns the class that `@Type` names for a field. class-transformer does not expose it, so this converts a
 * sample.
 */
function nestedTypeOf(type: Type<object>, name: string): Type<object> {
  const made = plainToInstance(type, { [name]: {} }) as Record<string, object>;
  return made[name]!.constructor as Type<object>;
}
