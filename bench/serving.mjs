// npm run bench:serving [-- --quick] [-- --out FILE]: times the service, ONNX Runtime alone and a PyTorch
// server in turn. See docs/performance.md.
import { runBenchmark } from './harness/run.mjs';

await runBenchmark(
  async (args) => (await import('./serving/works.mjs')).readServingOptions(args),
  async (options) => {
    const { chosenServingWorks } = await import('./serving/works.mjs');
    const { ServingBenchmark } = await import('./serving/comparison.mjs');
    return new ServingBenchmark(options, chosenServingWorks(options)).run();
  },
);
