/**
 * Options for fast-check's `assert`: the number of tries of a property. `npm test` uses the given number,
 * which it can afford. WELLFORMED_FUZZ_RUNS (`npm run test:fuzz`) replaces it.
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
