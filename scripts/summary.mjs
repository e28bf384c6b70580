// The closing line of CI, from vitest's JSON report. Without a report, or with one of no tests, something failed before.
import { readFileSync } from 'node:fs';

/** What the report counts, or why there is nothing to count. */
function read(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { reason: `no test report: ${error.message}` };
  }
  if (text.trim() === '') return { reason: 'the test report is empty: the tests never ran' };
  try {
    return count(JSON.parse(text));
  } catch (error) {
    return { reason: `the test report cannot be read: ${error.message}` };
  }
}

function count(report) {
  // A file that cannot even be loaded fails without a test of its own.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + Math.min(unloaded, report.numFailedTestSuites),
    skipped: report.numPendingTests + report.numTodoTests,
  };
  const all = counts.passed + counts.failed + counts.skipped;
  if (!Number.isInteger(all)) return { reason: 'the test report lacks its counts' };
  return all === 0 ? { reason: 'the test report has no tests' } : counts;
}

const { reason, passed = 0, failed = 1, skipped = 0 } = read(process.argv[2]);
if (reason !== undefined) {
  console.log(`failed: ${reason}`);
  process.exitCode = 1;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
