import { fileURLToPath } from 'node:url';
import boundaries from 'eslint-plugin-boundaries';

/** Rooms that every feature may use. The values are the files that they may import. They contain no feature. */
const foundation = {
  api: ['common'],
  auth: ['api', 'common', 'config'],
  bert: [],
  common: [],
  config: ['common', 'logging'],
  database: ['common', 'config', 'storage'],
  http: ['api', 'auth', 'common', 'config', 'logging', 'metrics', 'tracing'],
  idempotency: ['api', 'auth', 'common', 'config', 'database', 'metrics'],
  logging: [],
  metrics: ['api', 'auth', 'common', 'config', 'database', 'logging', 'storage'],
  tracing: ['api', 'auth', 'common', 'config'],
  storage: ['common', 'config'],
};

/** The features, and the other features that each may import. No two features import each other. */
const features = {
  backups: [],
  datasets: [],
  'base-models': [],
  models: ['datasets'],
  training: ['datasets', 'models', 'base-models'],
  predictions: ['models'],
  sweeps: ['datasets', 'models', 'training'],
  webhooks: ['training'],
  health: ['datasets', 'models', 'base-models', 'training', 'predictions'],
  page: [],
};

/**
 * Files of features that others may import besides the module and the service: plain code for worker threads
 * and command lines.
 */
const open = [
  'src/base-models/*.ts',
  'src/datasets/rows-file.ts',
  'src/models/model-card.ts',
  'src/models/model-version.ts',
  'src/models/registry-events.ts',
  'src/training/advice.ts',
  'src/training/run.ts',
];

const layers = { ...foundation, ...features };
const named = (name) => ({ element: { type: name } });

const policies = [
  ...Object.entries(foundation).map(([name, uses]) => allow(name, uses)),
  ...Object.entries(features).map(([name]) => allow(name, Object.keys(foundation))),
  ...Object.entries(features).flatMap(([name, uses]) => [
    {
      from: named(name),
      allow: uses.map((used) => ({ to: { ...named(used), file: { categories: 'door' } } })),
    },
    { from: named(name), allow: uses.map((used) => ({ to: named(used), dependency: { kind: 'type' } })) },
    {
      from: { ...named(name), file: { categories: 'dto' } },
      allow: uses.map((used) => ({ to: { ...named(used), file: { categories: 'dto' } } })),
    },
  ]),
].filter((policy) => policy.allow.length > 0);

/** Lint rules for the rooms of `src/` under `root`. Tests are free to import anything. */
export const roomRules = (root) => ({
  files: ['src/*/**/*.ts'],
  ignores: ['src/**/*.spec.ts'],
  plugins: { boundaries },
  settings: {
    'boundaries/elements': Object.keys(layers).map((name) => ({
      type: name,
      pattern: `src/${name}`,
      partialMatch: false,
    })),
    'boundaries/files': [
      { category: 'door', pattern: ['src/*/*.module.ts', 'src/**/*.service.ts', ...open] },
      { category: 'dto', pattern: 'src/*/dto/*.ts' },
    ],
    'boundaries/root-path': root,
    'import/resolver': { [fileURLToPath(new URL('source-resolver.mjs', import.meta.url))]: {} },
  },
  rules: {
    // Add a new room to the tables above. No room may import main.ts or app.module.ts.
    'boundaries/no-unknown-files': 'error',
    'boundaries/no-unknown-dependencies': 'error',
    'boundaries/dependencies': [
      'error',
      {
        default: 'disallow',
        message:
          'This import crosses a boundary. A feature reaches another through its module or service (types are free), bert/ imports ' +
          'nothing else of src/, and arrows point one way: see scripts/lint/rooms.mjs.',
        policies,
      },
    ],
  },
});

function allow(name, uses) {
  return { from: named(name), allow: uses.map((used) => ({ to: named(used) })) };
}
