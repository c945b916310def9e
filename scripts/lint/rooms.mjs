import { fileURLToPath } from 'node:url';
import boundaries from 'eslint-plugin-boundaries';

/** What every feature may use, file by file: they hold no feature of their own. */
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

/** The features, and which other features each may use; arrows point one way. */
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

/** What a feature shows to others besides its module and service: plain code that worker threads and command lines need too. */
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

/** The rooms of `src/` under `root` and who may import whom. Tests stand outside: they may bring together what they like. */
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
    // A new room belongs in the tables above, and no room imports main.ts or app.module.ts.
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
