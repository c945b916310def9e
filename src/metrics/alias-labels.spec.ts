import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { AliasLabels } from './alias-labels.js';
import { ModelInstruments } from './model-instruments.js';
import { PredictionInstruments } from './prediction-instruments.js';

describe('labels of aliases', () => {
  it('are for those that exist, and for production always', () => {
    const labels = new AliasLabels();
    for (let number = 0; number < 60; number++) labels.take(`alias-${number}`);
    expect(labels.of('alias-0')).toBe('alias-0');
    expect(labels.of('alias-59')).toBe('other');
    expect(labels.of('production')).toBe('production');
    expect(labels.of(null)).toBe('none');
    labels.release('alias-0');
    labels.take('alias-59');
    expect(labels.of('alias-0')).toBe('other');
    expect(labels.of('alias-59')).toBe('alias-59');
    labels.release('production');
    expect(labels.of('production')).toBe('production');
  });

  it('end with their alias, in all series', async () => {
    const registry = new Registry();
    const labels = new AliasLabels();
    const models = new ModelInstruments(registry, labels);
    const predictions = new PredictionInstruments(registry, labels);
    const figures = { mcc: 0.5, expectedCalibrationError: { before: 0.1, after: 0.05 } };
    for (let number = 0; number < 200; number++) {
      const name = `trial-${number}`;
      models.recordAliasMove(name);
      models.setAliasQuality(name, { mcc: 0.5, precisions: { fp32: figures, int8: figures } });
      models.setAliasLagging(name, true);
      models.countAliasSwapFailure(name);
      predictions.count('acceptable', name);
      expect(await registry.metrics()).toContain(`alias="${name}"`);
      models.recordAliasRemoval(name);
      // A request that was already running.
      predictions.count('acceptable', name);
      models.setAliasLagging(name, null);
      expect(await registry.metrics()).not.toContain(`alias="${name}"`);
    }
    models.recordAliasMove('production');
    expect(await registry.metrics()).toContain('wellformed_alias_moves_total{alias="production"} 1');
  });
});
