// The closing line of CI, from vitest's JSON report.
import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, testResults } =
  JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A file that cannot even be loaded fails without a test of its own.
const unloaded = testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const failed = numFailedTests + Math.min(unloaded, numFailedTestSuites);
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
