import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roomRules } from './rooms.mjs';

describe('the rule about rooms', () => {
  let root;
  let eslint;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'wellformed-rooms-'));
    for (const file of importable) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), 'export const thing = 1;\n');
    }
    eslint = new ESLint({
      cwd: root,
      overrideConfigFile: true,
      overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } }, roomRules(root)],
    });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.each([
    ['src/bert/serving/served.ts', "import { thing } from '../../common/errors.js';"],
    ['src/bert/config.ts', "import { thing } from '../app.module.js';", 'boundaries/no-unknown-dependencies'],
    ['src/attic/attic.ts', 'export const old = true;', 'boundaries/no-unknown-files'],
    ['src/storage/blob-store.ts', "import { thing } from '../datasets/datasets.service.js';"],
    ['src/datasets/datasets.service.ts', "import { thing } from '../models/models.service.js';"],
    ['src/models/models.service.ts', "import { thing } from '../training/training.service.js';"],
    ['src/predictions/predictions.service.ts', "import { thing } from '../models/alias.entity.js';"],
    ['src/predictions/predictions.service.ts', "export * from '../models/alias.entity.js';"],
    ['src/training/training.service.ts', "await import('../models/alias.entity.js');"],
    ['src/training/training.service.ts', "import { thing } from '../models/dto/figures.dto.js';"],
    ['src/datasets/dataset.ts', "import type { thing } from '../models/models.service.js';"],
  ])('refuses in %s: %s', async (file, code, rule = 'boundaries/dependencies') => {
    expect(await problemsOf(file, code)).toEqual([rule]);
  });

  it.each([
    ['src/bert/config.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/bert/config.ts', "import { AutoTokenizer } from '@huggingface/tokenizers';"],
    ['src/bert/config.ts', "import { thing } from './weights/safetensors.js';"],
    ['src/models/models.service.ts', "import { thing } from '../bert/weights/safetensors.js';"],
    ['src/models/models.service.ts', "import { thing } from './alias.entity.js';"],
    ['src/predictions/predictions.service.ts', "import { thing } from '../models/models.service.js';"],
    ['src/predictions/predictions.service.ts', "import type { thing } from '../models/alias.entity.js';"],
    ['src/training/worker/main.ts', "import { thing } from '../../datasets/rows-file.js';"],
    ['src/training/dto/run.dto.ts', "import { thing } from '../../models/dto/figures.dto.js';"],
    ['src/app.module.ts', "import { thing } from './models/alias.entity.js';"],
    ['src/bert/config.spec.ts', "import { thing } from '../common/errors.js';"],
  ])('allows in %s: %s', async (file, code) => {
    expect(await problemsOf(file, code)).toEqual([]);
  });

  async function problemsOf(file, code) {
    const [result] = await eslint.lintText(code, { filePath: join(root, file) });
    return result?.messages.map((message) => message.ruleId ?? message.message) ?? [];
  }
});

const importable = [
  'src/app.module.ts',
  'src/bert/weights/safetensors.ts',
  'src/common/errors.ts',
  'src/datasets/datasets.service.ts',
  'src/datasets/rows-file.ts',
  'src/models/alias.entity.ts',
  'src/models/dto/figures.dto.ts',
  'src/models/models.service.ts',
  'src/training/training.service.ts',
];
