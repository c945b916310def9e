import { describe, expect, it } from 'vitest';
import { summary } from './test-summary.mjs';

const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] };

describe('the closing line of npm test', () => {
  it('counts tests', () => {
    const failed = { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] };
    expect(summary(report({ numPassedTests: 2, numFailedTests: 1, testResults: [passed, failed] }), 1)).toBe(
      '2 passed, 1 failed',
    );
  });

  it('tells skipped ones only where there are any', () => {
    expect(summary(report({ numPassedTests: 1, numPendingTests: 2, numTodoTests: 1 }), 0)).toBe(
      '1 passed, 0 failed, 3 skipped',
    );
  });

  it('counts a file that could not be run as a failure', () => {
    const broken = { status: 'failed', assertionResults: [] };
    expect(summary(report({ numPassedTests: 1, testResults: [passed, broken] }), 1)).toBe(
      '1 passed, 1 failed',
    );
  });

  it('does not call a run that broke down a success', () => {
    expect(summary(report({ testResults: [] }), 1)).toBe('0 passed, 1 failed');
  });
});

function report(numbers) {
  return {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [passed],
    ...numbers,
  };
}
