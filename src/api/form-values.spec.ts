import 'reflect-metadata';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../common/errors.js';
import { formValues, ListOf, queryValues, type FormField } from './form-values.js';
import { fuzzed } from '../../test/support/fuzz.js';

const Declared = (type: unknown) => Reflect.metadata('design:type', type) as PropertyDecorator;

class Order {
  @Declared(Number)
  count!: number | null;

  @Declared(Boolean)
  fast!: boolean;

  @Declared(String)
  name!: string;

  @ListOf(Number)
  weights!: number[] | 'even' | null;

  @ListOf(String)
  notes!: string[];

  @ListOf(Object)
  items!: object[];
}

const texts = (...pairs: [name: string, text: string][]): FormField[] =>
  pairs.map(([name, text]) => ({ name, text }));
const read = (...pairs: [name: string, text: string][]) => formValues(Order, texts(...pairs));

describe('formValues', () => {
  it('reads numbers, booleans and null, and leaves texts as they are', () => {
    expect(read(['count', ' 4 '], ['fast', 'true'], ['name', ' 5 '])).toEqual({
      count: 4,
      fast: true,
      name: ' 5 ',
    });
    expect(read(['count', 'null'], ['fast', 'null'], ['name', 'null'], ['weights', ' null'])).toEqual({
      count: null,
      fast: null,
      name: 'null',
      weights: null,
    });
    expect(read(['count', '0x10'], ['fast', 'yes'], ['other', '3'])).toEqual({
      count: '0x10',
      fast: 'yes',
      other: '3',
    });
  });

  it.each([
    ['commas', texts(['weights', '2, .5'])],
    ['JSON', texts(['weights', ' [2, 0.5] '])],
    ['the field repeated', texts(['weights', '2'], ['count', '1'], ['weights', '0.5'])],
    ['a part of JSON', [{ name: 'weights', json: [2, 0.5] }]],
    [
      'parts of JSON',
      [
        { name: 'weights', json: 2 },
        { name: 'weights', json: 0.5 },
      ],
    ],
  ] satisfies [string, FormField[]][])('reads numbers with %s', (_what, fields) => {
    expect(formValues(Order, fields)).toMatchObject({ weights: [2, 0.5] });
  });

  it('leaves what is no list of numbers to be refused', () => {
    expect(read(['weights', '2,'])).toEqual({ weights: [2, ''] });
    expect(read(['weights', '[2'])).toEqual({ weights: '[2' });
    expect(read(['weights', 'even'])).toEqual({ weights: 'even' });
    expect(read(['weights', '2,1'], ['weights', '3'])).toEqual({ weights: ['2,1', 3] });
  });

  it('reads lists of texts and of objects', () => {
    expect(read(['notes', 'One, two.'])).toEqual({ notes: ['One, two.'] });
    expect(read(['notes', '7'], ['notes', 'null'])).toEqual({ notes: ['7', 'null'] });
    expect(read(['notes', '["One, two.", "3"]'])).toEqual({ notes: ['One, two.', '3'] });
    expect(read(['notes', '[sic] he said'])).toEqual({ notes: ['[sic] he said'] });
    expect(read(['items', '[{"a": 1}]'])).toEqual({ items: [{ a: 1 }] });
    expect(read(['items', '{"a": 1}'], ['items', 'a'])).toEqual({ items: [{ a: 1 }, 'a'] });
  });

  it('takes the value of a part of JSON for what it is', () => {
    expect(
      formValues(Order, [
        { name: 'count', json: '4' },
        { name: 'name', json: 5 },
      ]),
    ).toEqual({ count: '4', name: 5 });
  });

  it('refuses what is no list and came twice', () => {
    const twice = () => read(['count', '1'], ['count', '1']);
    expect(twice).toThrow(InvalidInputError);
    expect(twice).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ path: ['count'] })] }) as Error,
    );
  });

  it('makes of the texts of any values what their JSON would be', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    fc.assert(
      fc.property(
        number,
        fc.boolean(),
        fc.string(),
        fc.array(number, { minLength: 2 }),
        fc.array(fc.string(), { minLength: 2 }),
        (count, fast, name, weights, notes) => {
          const fields: [string, string][] = [
            ['count', String(count)],
            ['fast', String(fast)],
            ['name', name],
            ...weights.map((weight): [string, string] => ['weights', String(weight)]),
            ...notes.map((note): [string, string] => ['notes', note]),
          ];
          const expected = { count, fast, name, weights, notes };
          expect(read(...fields)).toEqual(expected);
          expect(read(['weights', weights.join(',')], ['notes', JSON.stringify(notes)])).toEqual({
            weights,
            notes,
          });
        },
      ),
      fuzzed(200),
    );
  });
});

describe('queryValues', () => {
  it('reads numbers and booleans, and no null: a query leaves out what is not given', () => {
    expect(queryValues(Order, { count: '4', fast: 'false', name: '5' })).toEqual({
      count: 4,
      fast: false,
      name: '5',
    });
    expect(queryValues(Order, { count: 'null', fast: ['true', 'true'] })).toEqual({
      count: 'null',
      fast: ['true', 'true'],
    });
  });
});
