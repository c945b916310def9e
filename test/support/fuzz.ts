/**
 * How long a property is tried: as often as it says, which is what `npm test` can afford, or WELLFORMED_FUZZ_RUNS times (`npm run
 * test:fuzz`). For fast-check's `assert`.
 */
export function fuzzed(usualRuns: number): { numRuns: number } {
  const runs = Number(process.env.WELLFORMED_FUZZ_RUNS ?? usualRuns);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(
      `WELLFORMED_FUZZ_RUNS must be a whole number of runs, not ${process.env.WELLFORMED_FUZZ_RUNS}.`,
    );
  }
  return { numRuns: runs };
}
