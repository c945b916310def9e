/**
 * Makes a summary in one line for people and for continuous integration: "12 passed, 1 failed, 2 skipped". A
 * file that could not be run counts as one failure, because it has no tests to count. So does a run that
 * failed for another reason than its tests.
 *
 * @param report output of Vitest's JSON reporter
 * @param {number} exitCode of Vitest
 */
export function summary(report, exitCode) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + brokenFiles.length || (exitCode === 0 ? 0 : 1);
  const skipped = report.numPendingTests + report.numTodoTests;
  return `${report.numPassedTests} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}
