import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../common/errors.js';
import { problemOfDomainError } from './problem-details.js';
import { validated, type InputSource } from './validation.js';

class Job {
  @IsInt()
  @Min(1)
  @Max(20)
  epochs: number = 3;

  @IsOptional()
  @IsNumber()
  learningRate?: number;

  @IsOptional()
  @IsBoolean()
  fast?: boolean;

  @IsOptional()
  @IsString()
  name?: string;
}

class Order {
  @IsString()
  name!: string;
}

class Basket extends Job {
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(3)
  @ValidateNested({ each: true })
  @Type(() => Order)
  orders?: Order[];
}

async function errorsOf(plain: unknown, source: InputSource, type: new () => object = Job) {
  const error = await validated(type, plain, source).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  return (error as InvalidInputError).errors;
}

describe('validated', () => {
  it('makes an instance, with defaults', async () => {
    const job = await validated(Job, { name: 'x' }, 'body');
    expect(job).toBeInstanceOf(Job);
    expect(job).toEqual({ epochs: 3, name: 'x' });
  });

  it('reads the texts of a query as what the class declares', async () => {
    expect(
      await validated(Job, { epochs: ' 4', learningRate: '3e-5', fast: 'false', name: '5' }, 'query'),
    ).toEqual({
      epochs: 4,
      learningRate: 3e-5,
      fast: false,
      name: '5',
    });
    expect(await errorsOf({ epochs: '' }, 'query')).toHaveLength(1);
    expect(await errorsOf({ epochs: '0x10', fast: 'yes' }, 'query')).toMatchObject([
      { parameter: 'epochs' },
      { parameter: 'fast' },
    ]);
  });

  it('takes no text for a number in JSON, and tells it as one problem', async () => {
    expect(await errorsOf({ epochs: '4' }, 'body')).toEqual([
      { path: ['epochs'], message: 'epochs must be an integer number' },
    ]);
    expect(await errorsOf({ epochs: 21 }, 'body')).toEqual([
      { path: ['epochs'], message: 'epochs must not be greater than 20' },
    ]);
  });

  it('refuses unknown fields, and says what may be meant', async () => {
    expect(await errorsOf({ epocs: 4, zzzzzzz: 1 }, 'body')).toEqual([
      { path: ['epocs'], message: 'epocs is not a known field. Did you mean epochs?' },
      {
        path: ['zzzzzzz'],
        message: 'zzzzzzz is not a known field. Known are epochs, learningRate, fast, name.',
      },
    ]);
    expect(await errorsOf({ limt: '4' }, 'query')).toMatchObject([{ parameter: 'limt' }]);
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'knows no field %s, from wherever it comes',
    async (name) => {
      for (const source of ['body', 'form'] as const) {
        expect(await errorsOf(JSON.parse(`{"${name}": "x"}`), source)).toMatchObject([{ path: [name] }]);
      }
      const query = Object.assign(Object.create(null) as object, { epochs: '3' });
      Object.defineProperty(query, name, { value: 'x', enumerable: true });
      for (const source of ['query', 'param'] as const) {
        expect(await errorsOf(query, source)).toMatchObject([{ parameter: name }]);
      }
    },
  );

  it('tells the first hundred of many problems, and how many there are', async () => {
    const many = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`field${i}`, i]));
    const error = await validated(Job, { ...many, epochs: 0 }, 'body').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ errorCount: 9001 });
    expect((error as InvalidInputError).errors).toHaveLength(100);
    expect((error as Error).message).toContain('9001 values are wrong, errors lists the first 100');
  });

  it('shortens the names that it tells, and writes their place as a pointer', async () => {
    const fields = { ['é😀'.repeat(1000)]: 1, 'a/b~c d\ud800': 2 };
    const error = await validated(Job, fields, 'body').catch((thrown: unknown) => thrown);
    const [long, odd] = problemOfDomainError(error as InvalidInputError).errors!;
    expect(long!.pointer!.length).toBeLessThan(600);
    expect(long!.message.length).toBeLessThan(200);
    expect(long!.message).toMatch(/^(é😀){29}é… is not a known field/);
    expect(odd).toEqual({
      pointer: '#/a~1b~0c%20d%EF%BF%BD',
      message: expect.stringContaining('is not a known field') as string,
    });
  });

  it('looks at no more of a list and of what is nested than there may be', async () => {
    const touched: string[] = [];
    const item = {
      get name() {
        touched.push('item');
        return 'x';
      },
    };
    const orders = Array.from({ length: 1000 }, () => item);
    const error = await validated(Basket, { orders, epochs: { deep: item } }, 'body').catch(
      (thrown: unknown) => thrown,
    );
    expect((error as InvalidInputError).errors).toEqual([
      { path: ['orders'], message: 'orders must contain no more than 3 elements' },
      { path: ['epochs'], message: 'epochs must be an integer number' },
    ]);
    expect(touched).toHaveLength(4);
    const strange = { orders: [{ name: 'x', nme: 'y' }, 'x'] };
    expect(await errorsOf(strange, 'body', Basket)).toMatchObject([
      { path: ['orders', 0, 'nme'], message: 'nme is not a known field. Did you mean name?' },
      { path: ['orders', '1'] },
    ]);
  });

  it('refuses what is no object', async () => {
    for (const body of [undefined, null, 'text', 3, [], [{ epochs: 3 }]])
      expect(await errorsOf(body, 'body')).toEqual([]);
  });
});
