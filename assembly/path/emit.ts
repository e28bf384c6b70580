// The ends of every path: an output descriptor and a counter. A packet reaches exactly one of them.

import { COUNTER_BLOCK_SIZE, COUNTER_BYTES, OUTPUT_SIZE } from '../../src/abi/layout';
import { FORWARD, PUNT } from '../../src/abi/verdict';
import { counters, outputs } from '../memory';

let cursor: usize = 0;
let input: u32 = 0;

export function beginBatch(): void {
  cursor = outputs;
}

export function beginInput(index: u32): void {
  input = index;
}

/** Descriptors written since `beginBatch`. */
export function emitted(): u32 {
  return <u32>((cursor - outputs) / OUTPUT_SIZE);
}

/** Sends a frame out of a port. `bytes`: length of the customer's frame, for its subnet's counters. */
export function forward(subnet: u32, port: u32, frame: usize, length: u32, bytes: u32): void {
  const block = counters + <usize>subnet * COUNTER_BLOCK_SIZE;
  store<u64>(block + COUNTER_BYTES, load<u64>(block + COUNTER_BYTES) + <u64>bytes);
  emit(subnet, FORWARD, frame, length, port);
}

/** Leaves a frame to the host's own stack. */
export function punt(frame: usize, length: u32): void {
  emit(0, PUNT, frame, length, 0);
}

/** Drops the packet for a reason of `src/abi/verdict.ts`. Subnet 0: not known. */
export function drop(subnet: u32, reason: u32): void {
  emit(subnet, reason, 0, 0, 0);
}

function emit(subnet: u32, verdict: u32, frame: usize, length: u32, port: u32): void {
  const counter = counters + <usize>subnet * COUNTER_BLOCK_SIZE + <usize>verdict * 8;
  store<u64>(counter, load<u64>(counter) + 1);
  store<u64>(cursor, (<u64>frame) | ((<u64>length) << 32));
  store<u64>(cursor, (<u64>(port | (verdict << 16))) | ((<u64>input) << 32), 8);
  cursor += OUTPUT_SIZE;
}
