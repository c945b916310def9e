import { cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../common/errors.js';
import { readSettings } from '../config/read-settings.js';
import { SettingsModule } from '../config/settings.module.js';
import { Instruments } from '../metrics/instruments.js';
import { BaseModelsService } from './base-models.service.js';

const tiny = 'test/goldens/tiny-bert';
const otherTypes = ['electra', 'distilbert', 'roberta'];

let folder: string;
let service: BaseModelsService;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'base-models-service-'));
  cpSync(tiny, join(folder, 'mine'), { recursive: true });
  cpSync(tiny, join(folder, 'broken'), { recursive: true });
  for (const type of otherTypes)
    cpSync(`test/goldens/tiny-${type}`, join(folder, `my-${type}`), { recursive: true });
  truncateSync(join(folder, 'broken/model.safetensors'), 1000);
  const { settings } = readSettings({
    WELLFORMED_BASE_MODELS: folder,
    WELLFORMED_HUB_MODELS: 'owner/allowed',
  });
  const module = await Test.createTestingModule({
    imports: [SettingsModule.with(settings)],
    providers: [BaseModelsService, Instruments],
  }).compile();
  service = module.get(BaseModelsService);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('BaseModelsService.check', () => {
  it('knows the size of a catalogue model before it is downloaded', async () => {
    expect(await service.check('google-bert/bert-base-uncased')).toEqual({
      name: 'bert-base-uncased',
      stored: false,
      architecture: {
        modelType: 'bert',
        numHiddenLayers: 12,
        embeddingSize: 768,
        hiddenSize: 768,
        intermediateSize: 3072,
        numAttentionHeads: 12,
        vocabSize: 30_522,
      },
    });
  });

  it('reads the size of a stored one', async () => {
    expect(await service.check('mine')).toMatchObject({
      stored: true,
      architecture: { hiddenSize: 32, vocabSize: 127 },
    });
  });

  it.each(otherTypes)('takes a folder of the user with a model of the type %s', async (type) => {
    expect(await service.check(`my-${type}`)).toMatchObject({
      stored: true,
      architecture: { modelType: type, hiddenSize: 16 },
    });
  });

  it('knows no size of another hub model', async () => {
    expect(await service.check('owner/allowed')).toEqual({
      name: 'owner/allowed',
      stored: false,
      architecture: null,
    });
  });

  it.each([
    ['bert-base-uncaseds', /Did you mean bert-base-uncased\?$/],
    ['owner/other', /WELLFORMED_HUB_MODELS does not allow/],
    ['../mine', /cannot be the name/],
    ['broken', /not a sound safetensors file/],
  ])('refuses %s as input', async (name, message) => {
    const refusal = service.check(name);
    await expect(refusal).rejects.toThrow(InvalidInputError);
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toMatchObject({ errors: [{ path: ['baseModel'] }] });
  });
});
