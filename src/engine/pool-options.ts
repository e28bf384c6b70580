/** What a pool of workers takes and tells. */

import { MAX_WORKERS } from '../abi/layout.ts';
import { show } from '../policy/errors.ts';
import type { Drop, Output } from './batch.ts';
import type { DataplaneOptions } from './options.ts';
import { CAPACITY_LIMITS, type Capacity } from './instance.ts';
import type { WorkerThread } from './thread.ts';

/** A frame that leaves. `frame` is a view of shared memory, valid until the callback returns; `input` counts the pool's pushes. */
export interface PoolOutput extends Output {
  /** From 1 on. */
  readonly worker: number;
}

/** `input` counts the pool's pushes. */
export interface PoolDrop extends Drop {
  /** From 1 on. */
  readonly worker: number;
}

/** A worker that died. Another thread has taken its place by the time this is reported, with its tables, rings and counters. */
export interface WorkerCrash {
  /** From 1 on. */
  readonly worker: number;
  readonly error: Error;
  /**
   * The pushes whose outputs never come: the batch that it was at, which may have been changed halfway. What it had finished
   * comes out, and what it had not begun is left to its successor.
   */
  readonly lost: readonly number[];
  /** How many of those it had counted already: `Dataplane.counters` has them. */
  readonly counted: number;
}

/** Room for copies stays as it is in the beginning: `capacity.copySlots`, default as a dataplane's. */
export interface WorkerPoolOptions extends Omit<DataplaneOptions, 'build' | 'workers'> {
  /** Number of threads beside the one that calls, 1 to 63. */
  workers: number;
  /** What leaves, in the order of the pushes of its flow. Called from a task of its own, never from `push`. */
  onOutput: (output: PoolOutput) => void;
  onDrop?: (drop: PoolDrop) => void;
  onCrash?: (crash: WorkerCrash) => void;
  /** Most frames that a worker processes at once, and loses if it dies; default 64. */
  batch?: number;
  /** Starts a thread that runs `netvirt/worker`; default from beside this file. For bundlers that put it elsewhere. */
  createWorker?: () => WorkerThread;
}

export const DEFAULT_BATCH = 64;
const LARGEST_BATCH = 4096;

/** JavaScript has no compiler that would say it; what the dataplane takes too is checked there. */
export function checkOptions(options: Partial<Record<keyof WorkerPoolOptions | 'build', unknown>>): void {
  const { workers, batch = DEFAULT_BATCH, onOutput, build = 'threads' } = options;
  checkCount('workers', workers, MAX_WORKERS - 1);
  checkCount('batch', batch, LARGEST_BATCH);
  const copySlots = (options.capacity as Partial<Capacity> | undefined)?.copySlots ?? 0;
  checkCount('capacity.copySlots', copySlots, CAPACITY_LIMITS.copySlots / 2, 0);
  if (typeof onOutput !== 'function')
    throw new TypeError(`onOutput: expected a function that takes what leaves, got ${show(onOutput)}`);
  if (build !== 'threads')
    throw new RangeError(`build: expected "threads", the one with shared memory, got ${show(build)}`);
  if (typeof SharedArrayBuffer === 'undefined')
    throw new Error(
      'workers: expected memory that can be shared; a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    );
}

function checkCount(name: string, value: unknown, most: number, least = 1): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw new RangeError(`${name}: expected an integer from ${least} to ${most}, got ${show(value)}`);
}
