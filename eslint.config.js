import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { ownWordsRules } from './scripts/lint/own-words.mjs';
import { roomRules } from './scripts/lint/rooms.mjs';

const typescript = ['**/*.ts'];
const plain = ['**/*.js', '**/*.mjs', '**/*.cjs'];

// A leading underscore says that something is there for its place only.
const unused = { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' };

/** Node takes `..//a.js` for another module than `../a.js`, and loads it and what it imports a second time. */
const doubledSlash = {
  selector: 'ImportDeclaration[source.value=/^\\..*\\u002F\\u002F/]',
  message: 'The path has a doubled slash: Node would load the module twice.',
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'data/',
      'coverage/',
      '.engine/',
      'base-models/',
      'packages/client/src/generated/',
      'packages/client/dist/',
    ],
  },
  js.configs.recommended,
  {
    files: plain,
    rules: { 'no-unused-vars': ['error', unused] },
    languageOptions: {
      globals: Object.fromEntries(
        [
          'Blob',
          'AbortController',
          'AbortSignal',
          'Buffer',
          'FormData',
          'TextDecoder',
          'URL',
          'URLSearchParams',
          'clearInterval',
          'clearTimeout',
          'console',
          'fetch',
          'performance',
          'process',
          'setInterval',
          'setTimeout',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  { files: typescript, extends: [tseslint.configs.recommendedTypeChecked] },
  {
    files: typescript,
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An `import type` is free to cross rooms and costs nothing at run time: so it must say that it is one.
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      // A new run status or phase must be thought of wherever one is told from another.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `async` without `await` is how a method keeps the promise of a port whose other adapters do wait.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', unused],
      // Messages hold counts and sizes; those are numbers.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // TF.js's results are tensors of any rank: an assertion says which.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // Options hold callbacks that are written as methods; they are meant to be taken out.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': ['error', doubledSlash],
    },
  },
  {
    // The service logs through Nest, so that the format of the settings holds; programs say what ends them to the terminal.
    files: ['src/**/*.ts'],
    ignores: [
      'src/**/*.spec.ts',
      'src/main.ts',
      'src/openapi.ts',
      'src/reference.ts',
      'src/auth/make-key.ts',
      'src/backup.ts',
      'src/restore.ts',
      'src/base-models/pull.ts',
      'src/datasets/catalogue/add.ts',
    ],
    rules: { 'no-console': 'error' },
  },
  {
    // Tests read JSON answers whose shape they then assert.
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  roomRules(import.meta.dirname),
  ownWordsRules,
  {
    // An engine knows what it is told of a step, and nothing of how a training goes.
    files: ['src/bert/engines/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        doubledSlash,
        {
          selector: 'ImportDeclaration[source.value=/fine-tuning/]',
          message: 'engines/ imports nothing of fine-tuning/.',
        },
      ],
    },
  },
  {
    // Plain TypeScript: src/bert/ can be copied elsewhere without a framework or a database, and src/common/ serves every room.
    files: ['src/bert/**/*.ts', 'src/common/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            '@nestjs/*',
            '@fastify/*',
            'fastify',
            'typeorm',
            'better-sqlite3',
            'prom-client',
            'rxjs',
            'class-*',
          ],
        },
      ],
    },
  },
);
