import { quantile } from '../harness/statistics.mjs';
import { closedLoop } from './load.mjs';
import { LeastServer } from './programs.mjs';
import { withSides } from './sides.mjs';
import { servingTurns } from './turns.mjs';

/** Measures how long one client waits for one sentence, next to ONNX Runtime alone and to the peer. */
export async function measureOneClient(bench, work) {
  const { shape, measure } = work;
  await withSides(bench, work, async ({ service, bare, peer, started }) => {
    const overHttp = (url, fields) => async (sentences) => {
      const body = (sentence) => ({ sentence, ...fields });
      return closedLoop({ url, clients: 1, sentences, body });
    };
    const precisions = Object.keys(bare);
    const { threads } = bench;
    const least = {};
    for (const precision of precisions) {
      least[precision] = await started(
        LeastServer.start({ model: bench.models[shape].folder, precision, threads }),
      );
    }
    const sides = [
      ...precisions.flatMap((precision) => [
        { program: service, turn: overHttp(service.url, bench.fields(shape, precision)) },
        {
          program: bare[precision],
          turn: async (sentences) => {
            const { seconds } = await bare[precision].single(bench.encode(sentences));
            return { milliseconds: seconds.map((value) => 1000 * value) };
          },
        },
        { program: least[precision], turn: overHttp(least[precision].url, {}) },
      ]),
      { program: peer, turn: overHttp(peer.url, {}) },
    ];
    await servingTurns(sides, { rounds: 1, sentences: () => bench.sentences.take(measure.warmup) });
    const turns = await servingTurns(sides, {
      rounds: measure.rounds,
      sentences: () => bench.sentences.take(measure.sentences),
    });
    // The first request of each turn opens the connection and finds cold caches.
    const p50 = turns.map((rounds) =>
      quantile(
        rounds.flatMap(({ milliseconds }) => milliseconds.slice(1)),
        0.5,
      ),
    );
    const measured = `${measure.rounds * (measure.sentences - 1)} sentences each`;
    const p50OfPeer = p50.at(-1);
    precisions.forEach((precision, i) => {
      const [ours, alone, atLeast] = p50.slice(3 * i, 3 * i + 3);
      bench.add({
        work: `${work.name}, ${precision}: p50`,
        ...{ ours, peer: alone, against: 'ONNX Runtime alone', unit: 'ms', kind: 'difference' },
        ...{ reach: { atMost: 1 }, measured },
      });
      bench.add({
        work: `${work.name}, ${precision}: p50`,
        ...{ ours, peer: atLeast, against: 'node:http with an inference thread', unit: 'ms' },
        ...{ kind: 'difference', measured },
      });
      bench.add({
        work: `${work.name}, ${precision}: p50`,
        ...{ ours, peer: p50OfPeer, against: 'PyTorch', unit: 'ms', kind: 'times', less: true },
        ...{ reach: precision === 'fp32' ? { atLeast: 1.9 } : undefined, measured },
      });
    });
  });
}
