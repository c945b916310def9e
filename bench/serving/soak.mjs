import { quantile } from '../harness/statistics.mjs';
import { closedLoop, openLoop } from './load.mjs';
import { withService } from './sides.mjs';
import { lows, slope } from './statistics.mjs';

/** Interval between two readings of the memory. */
const SAMPLE_MS = 1000;

/**
 * Number of stretches into which the time is divided. Only the lowest memory of each stretch counts, because
 * the heap grows until it is collected. In two minutes under this load it is collected at least once. The
 * first stretch is left out because memory is allocated for the first time.
 */
const STRETCHES = 5;

/** The smallest growth that can be told from noise, as a share of the memory. */
const GROWTH = 0.01;

const HANDLES = ['process_open_fds', 'nodejs_active_resources'];

/** Measures whether the service stays stable under a load that it can bear. */
export async function measureSoak(bench, work) {
  if (!bench.seesProcesses(work.name)) return;
  const { shape, clients, load, measure } = work;
  await withService(bench, async (service) => {
    const body = (sentence) => ({ sentence, ...bench.fields(shape, 'fp32') });
    const warm = await closedLoop({
      ...{ url: service.url, clients, body },
      sentences: bench.sentences.take(measure.sentences),
    });
    const perSecond = load * (bench.perSecond[shape] ?? warm.perSecond);
    const handlesBefore = await service.metrics(...HANDLES);
    const memory = [];
    const started = performance.now();
    const timer = setInterval(() => {
      memory.push({ x: (performance.now() - started) / 1000, y: service.residentBytes / 2 ** 20 });
    }, SAMPLE_MS);
    const result = await openLoop({
      ...{ url: service.url, perSecond, seconds: measure.seconds, body, random: bench.random },
      sentence: () => bench.sentences.take(1)[0],
    });
    clearInterval(timer);
    // Give the service time to notice that connections have closed.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const handlesAfter = await service.metrics(...HANDLES);

    const measured = `${result.sent} requests in ${measure.seconds} s, ${perSecond.toFixed(1)} a second`;
    bench.add({
      work: `${work.name}, fp32: errors`,
      ...{ ours: result.errors.length, unit: 'errors', kind: 'value', reach: { atMost: 0 }, measured },
    });
    for (const error of new Set(result.errors)) bench.remarks.push(`${work.name}: ${error}`);
    const settled = lows(memory, STRETCHES).slice(1);
    const seconds = settled.at(-1).x - settled[0].x;
    const size = quantile(
      settled.map(({ y }) => y),
      0.5,
    );
    bench.add({
      work: `${work.name}, fp32: growth of the resident memory`,
      ...{ ours: slope(settled) * seconds, unit: 'MiB', kind: 'value', reach: { atMost: GROWTH * size } },
      measured: `${measured}; the least of each fifth of the time: ${settled.map(({ y }) => Math.round(y)).join(', ')} MiB`,
    });
    bench.add({
      work: `${work.name}, fp32: open files and handles, more than before`,
      ours: Math.max(...handlesAfter.map((count, i) => count - handlesBefore[i])),
      ...{ unit: 'handles', kind: 'value', reach: { atMost: 0 }, measured },
    });
    for (const [name, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ]) {
      bench.add({
        work: `${work.name}, fp32: ${name} of the time to the answer`,
        ...{ ours: quantile(result.milliseconds, share), unit: 'ms', kind: 'value', measured },
      });
    }
    bench.remarks.push(`${work.name}: ${whenSlowest(result)}`);
  });
}

/** Distinguishes a single stall, after which waiting requests are answered gradually, from occasional slow answers. */
function whenSlowest({ milliseconds, dueSeconds }) {
  const limit = quantile(milliseconds, 0.99);
  const seconds = dueSeconds.filter((_, i) => milliseconds[i] >= limit);
  const [first, median, last] = [0, 0.5, 1].map((share) => Math.round(quantile(seconds, share)));
  return `the slowest 1 % of the answers were asked for in seconds ${first} to ${last}, half of them by second ${median}.`;
}
