import { Linter } from 'eslint';
import { expect, it } from 'vitest';
import { ownWordsRules } from './own-words.mjs';

const problems = (code) =>
  new Linter().verify(code, { ...ownWordsRules, files: ['**/*.js'] }, 'a.js').map(({ ruleId }) => ruleId);

it.each([
  "throw new Error('npm run set-up');",
  '// Set WELLFORMED_ENGINE.',
  '// As POST /x does.',
  "f('/train');",
])('the library may not say: %s', (code) => expect(problems(code)).toEqual(['wellformed/own-words']));

it.each(["f('./trainer.js');", '// Where pip and a compiler are.'])('the library may say: %s', (code) =>
  expect(problems(code)).toEqual([]),
);
