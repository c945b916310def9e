import { IsBoolean, IsInt, IsNumber, IsOptional, IsString, Max, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from './errors.js';
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

async function errorsOf(plain: unknown, source: InputSource) {
  const error = await validated(Job, plain, source).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  return (error as InvalidInputError).errors;
}

describe('validated', () => {
  it('makes an instance, with defaults', async () => {
    const job = await validated(Job, { name: 'x' }, 'body');
    expect(job).toBeInstanceOf(Job);
    expect(job).toEqual({ epochs: 3, name: 'x' });
  });

  it('reads the texts of a form as what the class declares', async () => {
    expect(
      await validated(Job, { epochs: ' 4', learningRate: '3e-5', fast: 'false', name: '5' }, 'form'),
    ).toEqual({
      epochs: 4,
      learningRate: 3e-5,
      fast: false,
      name: '5',
    });
    expect(await errorsOf({ epochs: '' }, 'form')).toHaveLength(3);
    expect(await errorsOf({ epochs: '0x10', fast: 'yes' }, 'form')).toMatchObject([
      { pointer: '#/epochs' },
      { pointer: '#/epochs' },
      { pointer: '#/epochs' },
      { pointer: '#/fast' },
    ]);
  });

  it('takes no text for a number in JSON', async () => {
    expect(await errorsOf({ epochs: '4' }, 'body')).toContainEqual({
      pointer: '#/epochs',
      message: 'epochs must be an integer number',
    });
  });

  it('refuses unknown fields, and says what may be meant', async () => {
    expect(await errorsOf({ epocs: 4, zzzzzzz: 1 }, 'body')).toEqual([
      { pointer: '#/epocs', message: 'epocs is no known field. Did you mean epochs?' },
      {
        pointer: '#/zzzzzzz',
        message: 'zzzzzzz is no known field. Known are epochs, learningRate, fast, name.',
      },
    ]);
    expect(await errorsOf({ limt: '4' }, 'query')).toMatchObject([{ parameter: 'limt' }]);
  });

  it('refuses what is no object', async () => {
    for (const body of [undefined, null, 'text', 3, [], [{ epochs: 3 }]])
      expect(await errorsOf(body, 'body')).toEqual([]);
  });
});
