import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type as TypeOf } from 'class-transformer';
import { IsIn, IsNumber, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import {
  hyperparameters,
  type Hyperparameter,
  type ValueSchema,
} from '../../bert/fine-tuning/hyperparameters.js';
import { documentationOf } from '../../models/dto/hyperparameters.dto.js';
import {
  isNumeric,
  MOST_VALUES,
  scales,
  spaceNames,
  type AskedSpace,
  type Combination,
  type Range,
  type Scale,
} from '../space.js';

/** Numbers between two bounds, both included. */
export class RangeDto implements Range {
  @ApiProperty({ example: 1e-5 })
  @IsNumber({}, { message: 'min must be a number' })
  min!: number;

  @ApiProperty({ example: 1e-4 })
  @IsNumber({}, { message: 'max must be a number' })
  max!: number;

  @ApiPropertyOptional({
    enum: scales,
    default: 'linear',
    description: '`log`: each factor of ten is as likely as the next one. Take it for the learning rate.',
  })
  @IsIn(scales, { message: `scale must be one of ${scales.join(', ')}` })
  scale: Scale = 'linear';
}

const table = hyperparameters as Readonly<Record<string, Hyperparameter>>;

/** What each hyperparameter may be: a value, a list of values, or a range. Those that are missing have their defaults. */
export type SpaceDto = AskedSpace;
export const SpaceDto = spaceFields() as Type<SpaceDto>;

/** A value for each hyperparameter of the space. */
export type CombinationDto = Combination;
export const CombinationDto = combinationFields() as Type<CombinationDto>;

function spaceFields(): Type<object> {
  @ApiExtraModels(RangeDto)
  class SpaceDto {}
  for (const name of spaceNames) {
    const { schema, says } = table[name]!;
    const forms: object[] = [
      schema,
      { type: 'array', items: itemSchema(schema), minItems: 1, maxItems: MOST_VALUES },
      ...(isNumeric(name) ? [{ $ref: getSchemaPath(RangeDto) }] : []),
    ];
    const decorators: PropertyDecorator[] = [
      Reflect.metadata('design:type', Object) as PropertyDecorator,
      ApiPropertyOptional({ oneOf: forms as never, description: says }),
      // Values are checked by the table, once it is known what they are. This alone is about their form.
      ValidateIf((_space, value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
      TypeOf(() => RangeDto),
      ValidateNested(),
      // What is longer is not even read.
      ValidateBy({ name: 'arrayMaxSize', constraints: [MOST_VALUES], validator: { validate: () => true } }),
    ];
    for (const decorate of decorators) decorate(SpaceDto.prototype, name);
  }
  return SpaceDto;
}

/** A list in a list is not read. */
function itemSchema({ oneOf, ...schema }: ValueSchema): ValueSchema {
  return { ...schema, ...(oneOf && { oneOf: oneOf.filter(({ type }) => type !== 'array') }) };
}

function combinationFields(): Type<object> {
  class CombinationDto {}
  for (const name of spaceNames) {
    Reflect.defineMetadata('design:type', Object, CombinationDto.prototype, name);
    ApiPropertyOptional(documentationOf(table[name]!))(CombinationDto.prototype, name);
  }
  return CombinationDto;
}
