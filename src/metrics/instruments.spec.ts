import { describe, expect, it } from 'vitest';
import { Instruments } from './instruments.js';

describe('Instruments', () => {
  it('shows nothing of a current run before the first step and after the end', async () => {
    const instruments = new Instruments();
    const samples = async () =>
      (await instruments.registry.metrics())
        .match(/^wellformed_training_.*/gm)
        ?.filter((line) => !/_(bucket|sum|count|total|length)\b/.test(line)) ?? [];

    expect(await samples()).toEqual([]);
    instruments.training.recordPhase('preparing');
    instruments.training.recordPhase('training');
    const step = { examples: 32, loss: 0.5, learningRate: 1e-5, gradientNorm: 2, progress: 0.1 };
    instruments.training.recordStep({ ...step, examplesPerSecond: 12, secondsLeft: 60 });
    instruments.training.recordMemory({ tensors: 7, bytes: 4096, reservedBytes: 65_536 });
    instruments.training.recordValidation(0.25);
    expect((await samples()).toSorted()).toEqual([
      'wellformed_training_engine_bytes 4096',
      'wellformed_training_engine_reserved_bytes 65536',
      'wellformed_training_engine_tensors 7',
      'wellformed_training_examples_per_second 12',
      'wellformed_training_gradient_norm 2',
      'wellformed_training_learning_rate 0.00001',
      'wellformed_training_loss 0.5',
      'wellformed_training_phase{phase="training"} 1',
      'wellformed_training_progress_ratio 0.1',
      'wellformed_training_remaining_seconds 60',
      'wellformed_training_validation_mcc 0.25',
    ]);
    instruments.training.recordStep({ ...step, examplesPerSecond: null, secondsLeft: null });
    expect((await samples()).join()).not.toMatch(/examples_per_second|remaining_seconds/);
    instruments.training.end();
    expect(await samples()).toEqual([]);
    expect(await instruments.registry.metrics()).toContain('wellformed_training_examples_total 64\n');
  });

  it('counts aliases beyond a bound together', async () => {
    const instruments = new Instruments();
    for (let i = 0; i < 60; i++) {
      instruments.models.recordAliasMove(`alias-${i}`);
      instruments.predictions.count('acceptable', `alias-${i}`);
    }
    const page = await instruments.registry.metrics();
    // One of the fifty labels is reserved for production.
    expect(page.match(/^wellformed_predictions_total\{/gm)).toHaveLength(50);
    expect(page).toContain('wellformed_predictions_total{outcome="acceptable",alias="other"} 11\n');
  });

  it('forgets the figures of an alias that is gone, or that points to a version with fewer', async () => {
    const instruments = new Instruments();
    const samples = async () =>
      (await instruments.registry.metrics()).match(/^wellformed_model_(?!load).*/gm)?.toSorted() ?? [];
    const expectedCalibrationError = { before: 0.1, after: 0.05 };
    instruments.models.setAliasQuality('production', {
      mcc: 0.6,
      precisions: {
        fp32: { mcc: 0.6, expectedCalibrationError },
        int8: { mcc: 0.59, expectedCalibrationError },
      },
    });
    expect(await samples()).toEqual([
      'wellformed_model_expected_calibration_error{alias="production",precision="fp32",calibration="after"} 0.05',
      'wellformed_model_expected_calibration_error{alias="production",precision="fp32",calibration="before"} 0.1',
      'wellformed_model_expected_calibration_error{alias="production",precision="int8",calibration="after"} 0.05',
      'wellformed_model_expected_calibration_error{alias="production",precision="int8",calibration="before"} 0.1',
      'wellformed_model_mcc{alias="production"} 0.6',
      'wellformed_model_serving_mcc{alias="production",precision="fp32"} 0.6',
      'wellformed_model_serving_mcc{alias="production",precision="int8"} 0.59',
    ]);
    instruments.models.setAliasQuality('production', { mcc: 0.5, precisions: null });
    expect(await samples()).toEqual(['wellformed_model_mcc{alias="production"} 0.5']);
    instruments.models.setAliasQuality('production', null);
    expect(await samples()).toEqual([]);
  });
});
