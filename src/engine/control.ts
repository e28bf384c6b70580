/**
 * The words by which a pool and one of its workers agree: a shared buffer per worker, beside the WASM memory. Counters run on
 * from 0 and wrap at 32 bits; each has one writer. Whoever has filled a ring stores its counter by `Atomics.store`, whoever
 * loads that by `Atomics.load` sees what was filled in before: descriptors and frames need no atomics of their own.
 *
 * Who sleeps says so, looks again, and sleeps; who has news stores them, and looks whether the other one sleeps. All four are
 * atomic and in one order for both, so that news are seen by one or the other.
 */

// Written by the pool.
/** Inputs pushed, as far as the worker may see them. */
export const PUSHED = 0;
/** Batches whose outputs have all been read. */
export const READ = 1;
/** Rung to wake the worker, which waits on this word. */
export const BELL = 2;

// Written by the worker, in another cache line.
/** Inputs taken, those of the batch that is being processed included. */
export const TAKEN = 16;
/** Batches finished: their entries are in the log. */
export const FINISHED = 17;
/** What the worker sleeps for: 0, FOR_INPUT or FOR_ROOM. */
export const WAITING = 18;

// Written by both, in a third one.
/** 1: the pool wants a message when there are outputs. */
export const ASLEEP = 32;

export const FOR_INPUT = 1;
export const FOR_ROOM = 2;

// The log, a ring: what each batch was.
const LOG = 48;
const ENTRY = 4;
export const LOG_INPUTS = 0;
/** Number of its first descriptor in the output ring; the others follow without a gap. */
export const LOG_FIRST = 1;
export const LOG_OUTPUTS = 2;

/** Batches that may be finished and not read; a power of two. */
export const LOG_ENTRIES = 1024;

/** Where the entry of a batch begins. */
export function logEntry(batch: number): number {
  return LOG + (batch & (LOG_ENTRIES - 1)) * ENTRY;
}

export function createControl(): SharedArrayBuffer {
  return new SharedArrayBuffer((LOG + LOG_ENTRIES * ENTRY) * Int32Array.BYTES_PER_ELEMENT);
}
