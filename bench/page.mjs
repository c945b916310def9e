// npm run bench:page: starts a service and measures its page in the system's Chromium. See
// docs/performance.md.
import { runBenchmark } from './harness/run.mjs';

await runBenchmark(
  async () => ({}),
  async () => (await import('./page/measurements.mjs')).measurePage(),
);
