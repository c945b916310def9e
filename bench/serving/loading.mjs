import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../harness/statistics.mjs';
import { closedLoop, predict } from './load.mjs';
import { putIntoProduction } from './preparation.mjs';
import { withService } from './sides.mjs';

/** Measures the time until the production model is ready, and the memory that it takes. */
export async function measureLoading(bench, work) {
  if (!bench.seesProcesses(work.name)) return;
  const model = bench.models[work.shape];
  await putIntoProduction(model, bench.settings);
  const weights = statSync(join(model.folder, 'model.safetensors')).size;
  for (const precision of model.precisions) {
    const setting = model.precisions.length > 1 ? { WELLFORMED_PREDICT_PRECISION: precision } : {};
    report(bench, work, { precision, weights, ...(await startedInTurns(bench, work, setting)) });
  }
}

/** Starts the service without models and with one, in turns. */
async function startedInTurns(bench, { measure }, precision) {
  const emptyFolder = `${bench.dataFolder}-empty`;
  const empty = { milliseconds: [], bytes: [] };
  const loaded = { milliseconds: [], bytes: [], bytesAfterLoad: [] };
  for (let start = 0; start < measure.starts; start++) {
    rmSync(emptyFolder, { recursive: true, force: true });
    await withService(
      bench,
      async (service) => {
        empty.milliseconds.push(service.listening);
        // Send as many requests as the other one has answered.
        await service.request('GET', '/health/ready');
        await settled();
        empty.bytes.push(service.residentBytes);
      },
      { WELLFORMED_DATA: emptyFolder },
    );
    await withService(
      bench,
      async (service) => {
        await predict(service, { sentence: bench.sentences.take(1)[0] });
        loaded.milliseconds.push(performance.now() - service.startedAt);
        await settled();
        loaded.bytes.push(service.residentBytes);
        const sentences = bench.sentences.take(measure.sentences);
        await closedLoop({ url: service.url, clients: 64, sentences, body: (sentence) => ({ sentence }) });
        await settled();
        loaded.bytesAfterLoad.push(service.residentBytes);
      },
      precision,
    );
  }
  rmSync(emptyFolder, { recursive: true, force: true });
  return { empty, loaded };
}

function report(bench, { name, measure }, { precision, weights, empty, loaded }) {
  const measured = `${measure.starts} starts`;
  bench.add({
    work: `${name}, ${precision}: to the first answer, less the start of a service without models`,
    ours: (median(loaded.milliseconds) - median(empty.milliseconds)) / 1000,
    ...{ unit: 's', kind: 'value', reach: { atMost: 2 }, measured },
  });
  const mebibytes = (bytes) => bytes / 2 ** 20;
  const memory = (after, what) =>
    bench.add({
      work: `${name}, ${precision}: resident memory ${what}, less a service without models`,
      ours: mebibytes(median(after) - median(empty.bytes)),
      peer: mebibytes(weights),
      ...{
        against: 'the file of the weights',
        unit: 'MiB',
        kind: 'multiple',
        reach: { atMost: 1.3 },
        measured,
      },
    });
  memory(loaded.bytes, 'when loaded');
  memory(loaded.bytesAfterLoad, `after ${measure.sentences} sentences of 64 clients`);
}

/** Waits until running work has ended. */
function settled() {
  return new Promise((resolve) => setTimeout(resolve, 500));
}
