import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';

interface Field {
  description: string;
  max: number;
  default?: number;
  /** The field may be left out although it has no default. */
  optional?: boolean;
}

/** Declares a whole number. The bounds are checked and documented. */
export function WholeNumberField(field: Field & { min: number }): PropertyDecorator {
  return numberField(
    field,
    { type: 'integer', minimum: field.min },
    (value) => Number.isInteger(value) && value >= field.min && value <= field.max,
    `a whole number from ${field.min} to ${field.max}`,
  );
}

/** Declares a number. The bounds are inclusive, checked and documented. */
export function NumberField(field: Field & { min: number }): PropertyDecorator {
  return numberField(
    field,
    { type: 'number', minimum: field.min },
    (value) => value >= field.min && value <= field.max,
    `a number from ${field.min} to ${field.max}`,
  );
}

function numberField(
  field: Field,
  schema: { type: 'integer' | 'number'; minimum: number },
  isValid: (value: number) => boolean,
  what: string,
): PropertyDecorator {
  const decorators = [
    Reflect.metadata('design:type', Number) as PropertyDecorator,
    ApiPropertyOptional({
      ...schema,
      maximum: field.max,
      description: field.description,
      ...(field.default === undefined ? {} : { default: field.default }),
    }),
    ValidateBy(
      {
        name: 'numberField',
        validator: { validate: (value: unknown) => typeof value === 'number' && isValid(value) },
      },
      { message: ({ property }) => `${property} must be ${what}` },
    ),
  ];
  if (field.optional) decorators.push(ValidateIf((_request, value) => value !== undefined));
  return applyDecorators(...decorators);
}
