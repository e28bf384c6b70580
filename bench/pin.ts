/** Keeps the thread that measures on one core: a thread that moves takes its caches' contents along one line at a time. */

import { execFileSync } from 'node:child_process';

/**
 * Pins the main thread of this process. The threads that V8 has already stay free: what they compile and collect is not measured.
 * @returns the core, or undefined where the platform does not allow it or has no `taskset`.
 */
export function pinToOneCore(): number | undefined {
  const taskset = (...args: string[]) =>
    execFileSync('taskset', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    // `pid 7's current affinity list: 0-3,6`. The last one: the first core has most of the interrupts.
    const core = Number(/(\d+)\s*$/.exec(taskset('-c', '-p', `${process.pid}`))![1]);
    taskset('-c', '-p', `${core}`, `${process.pid}`);
    return core;
  } catch {
    return undefined;
  }
}
