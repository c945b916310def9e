// npm run bench:training [-- --quick] [-- --out FILE]: times our training and PyTorch's in turn. See docs/performance.md.
import { runBenchmark } from './harness/run.mjs';

await runBenchmark(
  async (args) => {
    const { readTrainingOptions } = await import('./training/works.mjs');
    const { seesNvidiaGpu } = await import('../scripts/set-up/nvidia-gpu.mjs');
    const options = readTrainingOptions(args);
    if (options.gpu && !seesNvidiaGpu()) {
      throw new Error('--gpu needs an NVIDIA GPU, and none is visible here: see docs/gpu.md.');
    }
    return options;
  },
  async (options) => {
    const { chosenTrainingWorks } = await import('./training/works.mjs');
    const { TrainingBenchmark } = await import('./training/comparison.mjs');
    return new TrainingBenchmark(options, chosenTrainingWorks(options)).run();
  },
);
