import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  DatasetDto,
  ModelDto,
  PredictDto,
  PredictionsDto,
  RunDto,
} from '../packages/client/src/index.js';
import { precisions } from '../src/bert/onnx/precisions.js';
import { practiceRows } from './support/practice-rows.js';
import type { Training } from './support/service-client.js';
import type { RunningService } from './support/service-process.js';
import { startTrainer, tinyBaseModels } from './support/trainer.js';

/*
 * Trains the tiny BERT on enough rows, but validates it on a handful: nothing that is fitted on those may serve, and everything
 * says how little the figures mean.
 */

const baseModels = tinyBaseModels();
let service: RunningService;
let training: DatasetDto;

beforeAll(async () => {
  service = await startTrainer(baseModels);
  training = await service.client.upload(practiceRows(240, 5));
});
afterAll(() => service.stop());

const sentences = ['The dog sleeps.', 'Dog the sleeps.', 'A girl saw the cat.', 'Cat this met a dog.'];
const twoRows = 'own\t1\t\tThe dog sleeps.\nown\t0\t\tDog the sleeps.\n';
const sevenRows = practiceRows(7, 11);

describe.each([
  ['two validation rows', twoRows, 'Only 1 acceptable and 1 unacceptable sentences'],
  ['seven validation rows', sevenRows, 'Only 4 acceptable and 3 unacceptable sentences'],
])('a version with %s', { timeout: 120_000 }, (_what, rows, warning) => {
  let run: RunDto;
  let model: ModelDto;

  beforeAll(async () => {
    run = await train({
      validationDatasetId: (await service.client.upload(rows)).id,
      learningRate: 1e-3,
      epochs: 2,
    });
    model = await service.client.model(run.modelId!);
  }, 120_000);

  it('keeps the scores and the threshold as they are, and says why', () => {
    for (const precision of precisions) {
      const { calibration, threshold } = model.serving!.variants[precision];
      expect(calibration).toMatchObject({ temperature: 1, used: false, fitted: expect.any(Number) });
      expect(calibration.reason).toContain('Scores stay as they are (temperature 1).');
      expect(threshold).toMatchObject({ threshold: 0.5, used: false, fitted: expect.any(Number) });
      expect(threshold.reason).toContain('The threshold stays at 0.5.');
    }
  });

  it('warns in the run, the model and the card', async () => {
    expect(run.warnings).toEqual([expect.stringContaining(warning)]);
    expect(model.warnings).toContain(run.warnings[0]);
    const card = await service.client.modelCard(model.id);
    expect(card).toContain(`> **Warning:** ${run.warnings[0]}\n`);
    const { calibration, threshold } = model.serving!.variants.int8;
    for (const reason of [calibration.reason, threshold.reason])
      expect(card).toContain(`- int8: ${reason}\n`);
  });

  it.each(precisions)('judges with %s by 0.5 where the tuned threshold is asked for', async (precision) => {
    const body = { sentences, model: model.id, precision };
    const [tuned, usual] = await Promise.all([predict({ ...body, threshold: 'tuned' }), predict(body)]);
    expect(tuned).toEqual(usual);
    for (const { score, calibratedScore, acceptable } of tuned.predictions) {
      expect(calibratedScore).toBeCloseTo(score, 12);
      expect(acceptable).toBe(score > 0.5);
    }
  });
});

describe('a version with an MCC of 0', { timeout: 120_000 }, () => {
  it('says so wherever it becomes production', async () => {
    const oneClass = await service.client.upload('The cat sat.\t1\nThe dog sat.\t1\n');
    const wanted: Training = { validationDatasetId: oneClass.id, epochs: 1 };
    const { modelId } = await train({ ...wanted, promote: 'always' });
    const { promotion, warnings } = await service.client.model(modelId!);
    expect(promotion).toMatchObject({ promoted: true, reason: expect.stringContaining('WARNING: Its MCC') });
    expect(warnings).toEqual([
      expect.stringContaining('2 acceptable and 0 unacceptable'),
      expect.stringContaining('no better than chance'),
    ]);
    await expect
      .poll(() => warningsInLog(modelId!))
      .toEqual([expect.stringMatching(/^Registered .* no better than chance/)]);

    const { modelId: other } = await train({ ...wanted, promote: 'never' });
    const { promotion: refused } = await service.client.model(other!);
    expect(refused.reason).not.toContain('WARNING');
    expect(warningsInLog(other!)).toEqual([]);
    await service.client.api.aliases.put({ path: { name: 'staging' }, body: { modelId: other! } });
    expect(warningsInLog(other!)).toEqual([]);
    await service.client.api.aliases.put({ path: { name: 'production' }, body: { modelId: other! } });
    await expect
      .poll(() => warningsInLog(other!))
      .toEqual([expect.stringMatching(/by hand\. .*no better than chance/)]);

    const { history } = await service.client.api.aliases.find({ path: { name: 'production' } });
    expect(history[0]!.reason).toMatch(/^By hand\. WARNING: Its MCC on the validation rows is 0/);
    expect(history[1]!.reason).toBe(promotion.reason);
  });
});

/** Messages of the level `warn` that name a model. */
function warningsInLog(modelId: string): string[] {
  return service
    .logs()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: string; message: string })
    .filter(({ level, message }) => level === 'warn' && message.includes(modelId))
    .map(({ message }) => message);
}

async function train(body: Training): Promise<RunDto> {
  const { id } = await service.client.start({ datasetId: training.id, baseModel: 'tiny-bert', ...body });
  const run = await service.client.untilEnded(id);
  expect(run).toMatchObject({ status: 'succeeded', error: null });
  return run;
}

async function predict(body: PredictDto): Promise<PredictionsDto> {
  return (await service.client.api.predictions.predict({ body })) as PredictionsDto;
}
