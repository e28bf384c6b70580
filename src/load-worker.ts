/**
 * Starts threads: of a pool's worker from the package's `dist/worker.js`, of live I/O from `dist/live-worker.js`. This file lies one level below the package's root, in
 * `src` as in the bundle in `dist`, so that one URL serves both; bundlers recognise the form of the last line.
 */

import type { Worker as NodeWorker } from 'node:worker_threads';

/** @param Threads Node's class; undefined: the browser's. */
export function newWorker(Threads: typeof NodeWorker | undefined): Worker | NodeWorker {
  if (Threads !== undefined) return new Threads(new URL('../dist/worker.js', import.meta.url));
  return new Worker(new URL('../dist/worker.js', import.meta.url), { type: 'module' });
}

/** The thread of live I/O, in Node only. */
export function newLiveWorker(workerData: unknown): NodeWorker {
  const { Worker: Threads } = process.getBuiltinModule('node:worker_threads');
  return new Threads(new URL('../dist/live-worker.js', import.meta.url), { workerData });
}
