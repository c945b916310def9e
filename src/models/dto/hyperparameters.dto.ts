import type { Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  hyperparameters,
  type Hyperparameter,
  type Hyperparameters,
} from '../../bert/fine-tuning/hyperparameters.js';

/** The OpenAPI schema of a hyperparameter. */
export function documentationOf({ schema, says }: Hyperparameter): ApiPropertyOptions {
  return { ...schema, description: says } as ApiPropertyOptions;
}

/** The hyperparameters of a training without `maxLength`, whose type depends on where it is shown. */
export type HyperparametersDto = Omit<Hyperparameters, 'maxLength'>;
export const HyperparametersDto = shownFields(hyperparameters) as Type<HyperparametersDto>;

function shownFields(table: Readonly<Record<string, Hyperparameter>>): Type<object> {
  class Fields {}
  for (const [name, hyperparameter] of Object.entries(table)) {
    if (name === 'maxLength') continue;
    Reflect.defineMetadata('design:type', Object, Fields.prototype, name);
    const documentation = { ...documentationOf(hyperparameter), example: hyperparameter.default };
    ApiProperty(documentation)(Fields.prototype, name);
  }
  return Fields;
}
