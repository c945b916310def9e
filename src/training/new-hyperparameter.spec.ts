import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { hyperparameters, type Hyperparameter } from '../bert/fine-tuning/hyperparameters.js';
import { InvalidInputError } from '../common/errors.js';
import { formValues } from '../api/form-values.js';
import { validated } from '../api/validation.js';
import { withHyperparameters } from './dto/hyperparameter-fields.js';
import { hyperparametersDocument } from './hyperparameters-document.js';

/** CONTRIBUTING.md says that a new hyperparameter is one entry: this adds one. */
describe('a hyperparameter that is added to the table', () => {
  const table: Record<string, Hyperparameter> = {
    ...hyperparameters,
    focus: {
      default: 0,
      isOption: true,
      schema: { type: 'number', minimum: 0, maximum: 5 },
      values: 'a number from 0 to 5',
      says: 'γ of the focal loss. 0: off.',
      isValid: (value) => typeof value === 'number' && value >= 0 && value <= 5,
    },
  };
  class Request extends withHyperparameters(class {}, table) {}

  it('is checked, in JSON and in a form, and has its default', async () => {
    expect(await validated(Request, {}, 'body')).toMatchObject({ focus: 0, epochs: 3 });
    expect(await validated(Request, { focus: 2.5 }, 'body')).toMatchObject({ focus: 2.5 });
    const form = formValues(Request, [{ name: 'focus', text: '2.5' }]);
    expect(await validated(Request, form, 'form')).toMatchObject({ focus: 2.5 });
    const refused = validated(Request, { focus: 6 }, 'body');
    await expect(refused).rejects.toThrow(InvalidInputError);
    await expect(refused).rejects.toThrow('focus must be a number from 0 to 5');
  });

  it('is in the API document and in the page of reference', () => {
    expect(Reflect.getMetadata('swagger/apiModelProperties', Request.prototype, 'focus')).toMatchObject({
      type: 'number',
      maximum: 5,
      default: 0,
      required: false,
      description: 'γ of the focal loss. 0: off.',
    });
    expect(hyperparametersDocument(table)).toContain(
      '| `focus` | `0` | a number from 0 to 5 | γ of the focal loss. 0: off. |',
    );
  });
});

describe('the table of hyperparameters', () => {
  it.each(Object.entries(hyperparameters))(
    'has a valid default for %s',
    (_name, hyperparameter: Hyperparameter) => {
      expect(hyperparameter.isValid(hyperparameter.default)).toBe(true);
      for (const wrong of [undefined, 'no', -1, NaN, Infinity, {}])
        expect(hyperparameter.isValid(wrong)).toBe(false);
      expect(hyperparameter.says).toMatch(/^[A-Zα].*\.$/);
    },
  );
});
