// npm run bench:page: measures the page of a service of its own, in the system's Chromium. See docs/performance.md.
import { runBenchmark } from './harness/run.mjs';

await runBenchmark(
  async () => ({}),
  async () => (await import('./page/measurements.mjs')).measurePage(),
);
