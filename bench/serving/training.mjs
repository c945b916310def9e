import { quantile } from '../harness/statistics.mjs';
import { closedLoop } from './load.mjs';
import { baseModelOf } from './preparation.mjs';
import { withService } from './sides.mjs';
import { trainingFile } from './sentences.mjs';

/** Enough rows for any measured time. */
const ROWS = 8_000;

/** Number of sentences between two checks of the time. */
const AT_A_TIME = 25;

const EVENT_LOOP_P99 = 'wellformed_event_loop_delay_p99_seconds';

/** Measures how long one client waits while the same service trains BERT-base on all cores that it gets. */
export async function measureDuringTraining(bench, work) {
  const { shape, measure } = work;
  await withService(bench, async (service) => {
    const body = (sentence) => ({ sentence, ...bench.fields(shape, 'fp32') });
    const ask = async (count) =>
      (await closedLoop({ url: service.url, clients: 1, sentences: bench.sentences.take(count), body }))
        .milliseconds;
    await ask(50);
    const idle = await ask(measure.sentences);

    const id = await service.train(
      { baseModel: baseModelOf(shape), epochs: 20, promote: 'never' },
      trainingFile(bench.sentences.take(ROWS)),
    );
    await service.run(id, ({ phase, step }) => phase === 'training' && step >= 3);
    await ask(5);
    // Starts a new count.
    await service.metrics();
    const before = await service.request('GET', `/train/${id}`);
    const busy = [];
    const started = performance.now();
    while (performance.now() - started < 1000 * measure.seconds) busy.push(...(await ask(AT_A_TIME)));
    const seconds = (performance.now() - started) / 1000;
    const [delay] = await service.metrics(EVENT_LOOP_P99);
    const after = await service.run(id, ({ phase }) => phase === 'training');
    await service.request('POST', `/train/${id}/cancel`);
    await service.run(id, ({ status }) => status === 'cancelled');

    const steps = after.step - before.step;
    const measured = `${busy.length} sentences and ${steps} steps of the training in ${Math.round(seconds)} s`;
    bench.add({
      work: `${work.name}, one client, fp32: p50`,
      ...{
        ours: quantile(busy, 0.5),
        peer: quantile(idle, 0.5),
        against: 'the same without a training',
        unit: 'ms',
      },
      ...{ kind: 'multiple', measured },
    });
    bench.add({
      work: `${work.name}, one client, fp32: p99`,
      ...{
        ours: quantile(busy, 0.99),
        peer: quantile(idle, 0.99),
        against: 'the same without a training',
        unit: 'ms',
      },
      ...{ kind: 'multiple', reach: { atMost: 3 }, measured },
    });
    bench.add({
      work: `${work.name}: p99 of the event loop's delay`,
      ...{ ours: 1000 * delay, unit: 'ms', kind: 'value', reach: { atMost: 50 }, measured },
    });
  });
}
