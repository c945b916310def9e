import { describe, expect, it } from 'vitest';
import { parseEncoderConfig } from '../bert/config.js';
import { parameterBytes } from '../bert/fine-tuning/memory.js';
import { diskNeeded } from './disk-needed.js';

describe('diskNeeded', () => {
  const config = parseEncoderConfig({ model_type: 'bert' });
  const weights = parameterBytes(config);
  const stored = { stored: true };

  it('counts the model, the best weights, and two checkpoints with both moments', () => {
    expect(diskNeeded(config, { weightAveraging: 0 }, stored)).toBe(Math.ceil((1.3 + 1 + 2 * 3) * weights));
  });

  it('counts the means where weights are averaged, and the base model where it is not on disk', () => {
    expect(diskNeeded(config, { weightAveraging: 2 }, { stored: false })).toBe(
      Math.ceil((1.3 + 1 + 2 * 4 + 1) * weights),
    );
  });

  it('counts the embeddings of known pieces alone in checkpoints', () => {
    const fewer = diskNeeded(config, { weightAveraging: 0 }, stored, 6000);
    const embeddings = (config.vocabSize - 6000) * config.embeddingSize * 4;
    expect(diskNeeded(config, { weightAveraging: 0 }, stored) - fewer).toBe(2 * 3 * embeddings);
  });
});
