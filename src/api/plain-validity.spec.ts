import 'reflect-metadata';
import { Transform, Type, plainToInstance } from 'class-transformer';
import {
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Min,
  ValidateIf,
  ValidateNested,
  registerDecorator,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { isPlainlyValid } from './plain-validity.js';

class Item {
  @IsString()
  name!: string;
}

class Base {
  @IsOptional()
  @IsInt()
  @Min(1)
  count?: number;
}

class Order extends Base {
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  title!: string;

  @ValidateIf((_object, value) => value !== undefined)
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Item)
  items?: Item[];

  @IsOptional()
  @IsString({ each: true })
  tags?: string[];
}

class Slow {
  @((target: object, propertyName: string) =>
    registerDecorator({
      target: target.constructor,
      propertyName,
      validator: { validate: () => Promise.resolve(true) },
    }))
  name?: string;
}

class Nothing {}

describe('isPlainlyValid', () => {
  const order = (plain: object) => isPlainlyValid(Order, plainToInstance(Order, plain));

  it('takes what keeps all rules, inherited ones too', () => {
    expect(order({ title: 'x' })).toBe(true);
    expect(order({ title: 'x', count: 1, items: undefined })).toBe(true);
  });

  it('does not take what breaks one, or has a field besides', () => {
    for (const plain of [
      {},
      { title: 1 },
      { title: null },
      { title: 'x', count: 0 },
      { title: 'x', count: '1' },
      { title: 'x', other: 1 },
    ]) {
      expect(order(plain), JSON.stringify(plain)).toBe(false);
    }
  });

  it('leaves to class-validator what is nested, items, slow checks and classes without rules', () => {
    expect(order({ title: 'x', items: [{ name: 'a' }] })).toBe(false);
    expect(order({ title: 'x', tags: ['a'] })).toBe(false);
    expect(isPlainlyValid(Slow, new Slow())).toBe(false);
    expect(isPlainlyValid(Nothing, new Nothing())).toBe(false);
  });
});
