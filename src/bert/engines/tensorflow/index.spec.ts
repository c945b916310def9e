import { expect, it } from 'vitest';
import { EngineUnavailableError } from '../../errors.js';
import { startTensorFlow } from './index.js';

it('says why where the libraries of native TensorFlow cannot be loaded', async () => {
  const starting = startTensorFlow('@tensorflow/tfjs-node-that-is-not-there');
  await expect(starting).rejects.toThrow(EngineUnavailableError);
  await expect(starting).rejects.toThrow(/Cannot find module/);
  await expect(starting).rejects.toMatchObject({ code: 'native-engine-not-started' });
});
