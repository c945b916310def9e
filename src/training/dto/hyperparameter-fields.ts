import type { Type } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import {
  hyperparameters,
  type AskedHyperparameters,
  type Hyperparameter,
  type ValueSchema,
} from '../../bert/fine-tuning/hyperparameters.js';
import { ListOf } from '../../api/form-values.js';
import { documentationOf } from '../../models/dto/hyperparameters.dto.js';

/** Adds a field for each hyperparameter to a class of requests: checked, documented, and with its default where it is not given. */
export function withHyperparameters<T extends object>(
  base: Type<T>,
  table: Readonly<Record<string, Hyperparameter>> = hyperparameters,
): Type<T & AskedHyperparameters> {
  const defaults = Object.fromEntries(
    Object.entries(table).map(([name, hyperparameter]) => [name, hyperparameter.default]),
  );
  class Fields extends (base as Type<object>) {
    constructor() {
      super();
      Object.assign(this, defaults);
    }
  }
  for (const [name, hyperparameter] of Object.entries(table)) {
    const { values, isValid } = hyperparameter;
    const decorators = [
      // First: what documents the field asks for its type.
      readInForms(hyperparameter.schema),
      ApiPropertyOptional({ ...documentationOf(hyperparameter), default: hyperparameter.default }),
      ValidateBy(
        { name: 'hyperparameter', validator: { validate: isValid } },
        { message: `${name} must be ${values}` },
      ),
    ];
    for (const decorate of decorators) decorate(Fields.prototype, name);
  }
  return Fields as Type<T & AskedHyperparameters>;
}

/** Forms carry texts: what they stand for is told by the type. */
function readInForms(schema: ValueSchema): PropertyDecorator {
  const types = [schema, ...(schema.oneOf ?? [])].map(({ type }) => type);
  if (types.includes('array')) return ListOf(Number);
  const isNumber = types.includes('integer') || types.includes('number');
  return Reflect.metadata('design:type', isNumber ? Number : String) as PropertyDecorator;
}
