import { quantile } from '../harness/statistics.mjs';
import { closedLoop } from './load.mjs';
import { withSides } from './sides.mjs';
import { servingTurns } from './turns.mjs';

/** Measures the throughput of many clients, and how long they wait. */
export async function measureManyClients(bench, work) {
  const { shape, clients, measure } = work;
  await withSides(bench, work, async ({ service, bare, peer }) => {
    const overHttp = (url, fields) => (sentences) =>
      closedLoop({ url, clients, sentences, body: (sentence) => ({ sentence, ...fields }) });
    const precisions = Object.keys(bare);
    const sides = [
      ...precisions.flatMap((precision) => [
        { program: service, turn: overHttp(service.url, bench.fields(shape, precision)) },
        { program: bare[precision], turn: (sentences) => bare[precision].ideal(bench.encode(sentences)) },
      ]),
      { program: peer, turn: overHttp(peer.url, {}) },
    ];
    const [[warm]] = await servingTurns(sides, {
      rounds: 1,
      sentences: () => bench.sentences.take(measure.warmup),
    });
    const perTurn =
      clients * Math.ceil(Math.max(measure.sentences, measure.turnSeconds * warm.perSecond) / clients);
    const turns = await servingTurns(sides, {
      rounds: measure.rounds,
      sentences: () => bench.sentences.take(perTurn),
    });
    tellProcessorTime(bench, work, precisions, turns);
    const measured = `${measure.rounds} × ${perTurn} sentences each`;
    const perSecondOfPeer = rate(turns.at(-1));
    precisions.forEach((precision, i) => {
      const ours = turns[2 * i];
      if (precision === 'fp32') bench.perSecond[shape] = rate(ours);
      bench.add({
        work: `${work.name}, ${precision}`,
        ...{
          ours: rate(ours),
          peer: idealRate(turns[2 * i + 1]),
          against: 'ONNX Runtime alone, ideal batches',
        },
        ...{ unit: 'sentences/s', kind: 'share', reach: { atLeast: 90 }, measured },
      });
      bench.add({
        work: `${work.name}, ${precision}`,
        ...{
          ours: rate(ours),
          peer: perSecondOfPeer,
          against: 'PyTorch',
          unit: 'sentences/s',
          kind: 'times',
        },
        ...{ reach: { atLeast: bench.reachAgainstPyTorch[precision] }, measured },
      });
      bench.add({
        work: `${work.name}, ${precision}: p99`,
        ours: p99(ours, 'milliseconds'),
        peer: p99(ours, 'inferenceMilliseconds'),
        against: 'p99 of the time of its batch',
        ...{ unit: 'ms', kind: 'multiple', reach: { atMost: 3 }, measured },
      });
    });
  });
}

/** Sentences per second. Each turn counts only while all of its clients were working. */
function rate(turns) {
  return turns.length / turns.reduce((sum, { perSecond }) => sum + 1 / perSecond, 0);
}

function idealRate(turns) {
  const sentences = turns.flatMap((turn) => turn.sentences).reduce((sum, count) => sum + count, 0);
  return sentences / turns.reduce((sum, { totalSeconds }) => sum + totalSeconds, 0);
}

function p99(turns, of) {
  return quantile(
    turns.flatMap((turn) => turn[of]),
    0.99,
  );
}

/** Prints the processor time per sentence of each side. It depends less on other load than the elapsed time. */
function tellProcessorTime(bench, { name }, precisions, turns) {
  const milliseconds = (side) => {
    const seconds = turns[side].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    const sentences = turns[side].reduce((sum, turn) => sum + turn.count, 0);
    return ((1000 * seconds) / sentences).toFixed(2);
  };
  const ours = precisions.map(
    (precision, i) => `${milliseconds(2 * i)} (${precision}; ONNX Runtime alone ${milliseconds(2 * i + 1)})`,
  );
  bench.remarks.push(
    `${name}: milliseconds of processor time a sentence: ${ours.join(', ')}; PyTorch ${milliseconds(turns.length - 1)}.`,
  );
}
