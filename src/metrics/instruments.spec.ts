import { describe, expect, it } from 'vitest';
import { Instruments } from './instruments.js';

describe('Instruments', () => {
  it('shows nothing of a current run before the first step and after the end', async () => {
    const instruments = new Instruments();
    const samples = async () =>
      (await instruments.registry.metrics()).match(
        /^wellformed_training_(loss|examples_per_second|validation_mcc)\b.*/gm,
      ) ?? [];

    expect(await samples()).toEqual([]);
    instruments.recordStep({ examples: 32, loss: 0.5, examplesPerSecond: 12 });
    instruments.recordValidation(0.25);
    expect(await samples()).toEqual([
      'wellformed_training_loss 0.5',
      'wellformed_training_examples_per_second 12',
      'wellformed_training_validation_mcc 0.25',
    ]);
    instruments.endTraining();
    expect(await samples()).toEqual([]);
    expect(await instruments.registry.metrics()).toContain('wellformed_training_examples_total 32\n');
  });

  it('counts aliases beyond a bound together', async () => {
    const instruments = new Instruments();
    for (let i = 0; i < 60; i++) instruments.countPredictions('acceptable', `alias-${i}`);
    const page = await instruments.registry.metrics();
    expect(page.match(/^wellformed_predictions_total\{/gm)).toHaveLength(51);
    expect(page).toContain('wellformed_predictions_total{outcome="acceptable",alias="other"} 10\n');
  });

  it('forgets the figures of an alias that is gone, or that points to a version with fewer', async () => {
    const instruments = new Instruments();
    const samples = async () =>
      (await instruments.registry.metrics()).match(/^wellformed_model_.*/gm)?.toSorted() ?? [];
    const expectedCalibrationError = { before: 0.1, after: 0.05 };
    instruments.setAliasQuality('production', {
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
    instruments.setAliasQuality('production', { mcc: 0.5, precisions: null });
    expect(await samples()).toEqual(['wellformed_model_mcc{alias="production"} 0.5']);
    instruments.setAliasQuality('production', null);
    expect(await samples()).toEqual([]);
  });
});
