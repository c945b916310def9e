import { Service } from '../harness/service.mjs';
import { watchTurns } from '../harness/turns.mjs';
import { predict } from './load.mjs';
import { BareRuntime, Peer } from './programs.mjs';

/** The service's default. The peer and the ideal batches use it too. */
export const TOKENS_PER_BATCH = 512;

/** The maximum difference between scores of the same weights. */
const SAME_SCORE = 1e-3;

/**
 * Starts the service, ONNX Runtime alone with each graph of a model, and the peer. Checks that all judge
 * alike. Stops them in any case.
 * @param {object} bench
 * @param {{name: string, shape: string}} work
 * @param {(sides: {service: Service, bare: Record<string, BareRuntime>, peer: Peer, started: Function}) =>
 * Promise<void>} measure may start more programs with `started`
 */
export async function withSides(bench, { name, shape }, measure) {
  const { folder, precisions } = bench.models[shape];
  const { threads } = bench;
  const programs = [];
  const started = async (starting) => {
    const program = await starting;
    programs.push(program);
    return program;
  };
  try {
    const service = await started(Service.start(bench.settings));
    const bare = {};
    for (const precision of precisions) {
      const model = `${folder}/${precision === 'int8' ? 'model.int8.onnx' : 'model.onnx'}`;
      bare[precision] = await started(
        BareRuntime.start({ model, threads, tokensPerBatch: TOKENS_PER_BATCH }),
      );
    }
    const peer = await started(Peer.start(bench.python, { model: folder, threads, args: bench.peerArgs }));
    Object.assign(bench.versions, peer.about.versions);
    await assertAlike(bench, shape, { service, bare, peer });
    const disturbances = watchTurns(name, programs, { makesLoad: true });
    await measure({ service, bare, peer, started });
    bench.remarks.push(...disturbances());
  } finally {
    await Promise.all(programs.map((program) => program.end()));
  }
}

/** Starts the service alone. */
export async function withService(bench, measure, settings = {}) {
  const service = await Service.start({ ...bench.settings, ...settings });
  try {
    await measure(service);
  } finally {
    await service.end();
  }
}

async function assertAlike(bench, shape, { service, bare, peer }) {
  const sentences = bench.sentences.take(4);
  for (const [i, sentence] of sentences.entries()) {
    for (const precision of Object.keys(bare)) {
      const ours = (await predict(service, { sentence, ...bench.fields(shape, precision) })).score;
      const { last } = await bare[precision].single([bench.encode([sentence])[0]]);
      const [unacceptable, acceptable] = Object.values(last.logits);
      const alone = 1 / (1 + Math.exp(unacceptable - acceptable));
      const others = precision === 'fp32' ? [alone, (await predict(peer, { sentence })).score] : [alone];
      if (others.some((score) => Math.abs(score - ours) > SAME_SCORE)) {
        throw new Error(
          `The sides judge sentence ${i + 1} differently (${precision}): ours ${ours}, the others ${others.join(' and ')}. Their times compare nothing.`,
        );
      }
    }
  }
}
