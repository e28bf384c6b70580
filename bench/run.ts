/** Measures a matrix: a process for each group. */

import { fork } from 'node:child_process';
import { loadavg, totalmem } from 'node:os';
import { packageFile } from '../src/package-files.ts';
import type { Conditions, GroupResult } from './group.ts';
import { DifferenceError } from './identity.ts';
import { type Group, absentRows, groupsOf } from './measure.ts';
import type { Matrix } from './options.ts';
import type { Row } from './rows.ts';
import { quantile } from './statistics.ts';

export interface Measured {
  readonly rows: readonly Row[];
  /** Undefined: nothing could be measured. */
  readonly conditions: Conditions | undefined;
  /** Median of the system's load averages, one for each group: above 1 other programs took their share. */
  readonly load: number;
}

/**
 * @param progress gets a line for each group that begins.
 * @throws DifferenceError when rivals do not make the same of the same frames.
 */
export async function measureMatrix(matrix: Matrix, progress: (line: string) => void): Promise<Measured> {
  const groups = groupsOf(matrix);
  const rows: Row[] = [];
  const loads: number[] = [];
  let conditions: Conditions | undefined;
  for (const [index, group] of groups.entries()) {
    progress(
      `${index + 1} of ${groups.length}: ${group.operations.join(', ')}; ${group.endpoints} endpoints`,
    );
    const result = await inProcess(group);
    loads.push(loadavg()[0]!);
    if (result.difference !== undefined) throw new DifferenceError(result.difference);
    if (result.failure !== undefined) throw new Error(result.failure);
    rows.push(...(result.rows ?? []));
    conditions ??= result.conditions;
  }
  return {
    rows,
    conditions,
    load: quantile(
      loads.sort((a, b) => a - b),
      0.5,
    ),
  };
}

/** Exit code where there are no signals. */
const ABORTED = 134;

function inProcess(group: Group): Promise<GroupResult> {
  return new Promise((resolve) => {
    // Endpoints are objects before they are tables, ten million of them gigabytes; none of them is short-lived.
    const heap = Math.floor((totalmem() / 2 ** 20) * 0.6);
    const execArgv = [`--max-old-space-size=${heap}`, '--max-semi-space-size=128'];
    const child = fork(packageFile('dist/bench-group.js'), { execArgv, serialization: 'advanced' });
    let result: GroupResult | undefined;
    child.once('message', (message: GroupResult) => {
      result = message;
    });
    child.once('close', (status, signal) => {
      if (result !== undefined) resolve(result);
      // V8 aborts for want of memory, the system kills.
      else if (signal !== null || status === ABORTED)
        resolve({ rows: absentRows(group, `not enough memory: ended by ${signal ?? 'an abort'}`) });
      else resolve({ failure: `a process that measures ended with exit code ${status}` });
    });
    child.send(group);
  });
}
