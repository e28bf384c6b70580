/** Counters that a thread keeps for each lane, in memory that it shares with the main thread: float64, one writer each. */

import { MOST_LANES } from '../abi/live.ts';

export const RECEIVED = 0;
export const RECEIVED_BYTES = 1;
export const SENT = 2;
export const SENT_BYTES = 3;
export const ERRORS = 4;
export const DOWN = 5;
/** 1: the interface is down. The main thread writes it, for AF_XDP, which does not tell. */
export const IS_DOWN = 6;
/** Numbers of a lane: a cache line. */
export const LANE_COUNTS = 8;

/** Bytes of the counters of one thread, and of a word behind them that counts commands to it. */
export const COUNTS_SIZE = MOST_LANES * LANE_COUNTS * 8 + 64;

export function countsOf(memory: SharedArrayBuffer): Float64Array {
  return new Float64Array(memory, 0, MOST_LANES * LANE_COUNTS);
}

/** Commands that the main thread has posted, mod 2³². */
export function newsOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, MOST_LANES * LANE_COUNTS * 8, 1);
}
