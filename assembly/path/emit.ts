// The ends of every path: output descriptors and counters. Every input is counted exactly once, by one of `forward`, `punt`,
// `reply` and `drop`; `forwardMore` and `sendError` write what leaves beside that.

import {
  COUNTER_BLOCK_SIZE,
  COUNTER_BYTES,
  OUTPUT_SIZE,
  SLOT_HEADROOM,
  SLOT_SIZE,
} from '../../src/abi/layout';
import { DROP_UNRESOLVED, FORWARD, HELD, ICMP_ERROR, LOST_COPY, PUNT, REPLY } from '../../src/abi/verdict';
import { copySlotCount, copySlots, counters, outputEntries, outputs } from '../memory';
import { holdBack, isHeld } from './hold';
import { describeOffload, finishFor, isFurther, isOffloaded, keepOffload } from './offload';
import { forwardSegments } from './segment';

let cursor: usize = 0;
let input: u32 = 0;
/** Inputs of the batch, each of which will need a descriptor. */
let batch: u32 = 0;
let copiesUsed: u32 = 0;
/** Milliseconds that never go back, from the host. */
export let now: f64 = 0;

export function beginBatch(count: u32, time: f64): void {
  cursor = outputs;
  batch = count;
  copiesUsed = 0;
  now = time;
}

export function beginInput(index: u32): void {
  input = index;
}

/** Descriptors written since `beginBatch`. */
export function emitted(): u32 {
  return <u32>((cursor - outputs) / OUTPUT_SIZE);
}

/** There are that many copy slots and descriptors beyond the one of this input and those of the inputs that follow. */
export function hasRoom(copies: u32, descriptors: u32): bool {
  return copiesUsed + copies <= copySlotCount && emitted() + (batch - input) + descriptors <= outputEntries;
}

/** Copy slots that were taken since `beginBatch`. */
export function copiesTaken(): u32 {
  return copiesUsed;
}

/** The next copy slot, `hasRoom` having said that there is one. Its headroom is in front of the address. */
export function takeCopy(): usize {
  return takeCopies(1);
}

/** Room for one longer frame: copy slots in a row. */
export function takeCopies(slots: u32): usize {
  const slot = copySlots + <usize>copiesUsed * SLOT_SIZE;
  copiesUsed += slots;
  return slot + SLOT_HEADROOM;
}

/** Copy slots in a row that hold a frame. */
export function slotsFor(length: u32): u32 {
  return (SLOT_HEADROOM + length + SLOT_SIZE - 1) / SLOT_SIZE;
}

/** Sends a frame out of a port. `bytes`: length of the customer's frame, for its subnet's counters. */
export function forward(subnet: u32, port: u32, frame: usize, length: u32, bytes: u32): void {
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
    if (isFurther()) return forwardMore(port, frame, length);
    if (!finishFor(port)) return forwardSegments(subnet, port, frame, bytes);
  }
  if (isDefined(NETVIRT_LIVE) && isHeld(port, frame)) {
    if (!holdBack(frame, length)) return drop(subnet, DROP_UNRESOLVED);
    count(subnet, HELD);
    return write(DROP_UNRESOLVED, 0, 0, 0);
  }
  const block = counters + <usize>subnet * COUNTER_BLOCK_SIZE;
  store<u64>(block + COUNTER_BYTES, load<u64>(block + COUNTER_BYTES) + <u64>bytes);
  count(subnet, FORWARD);
  describe(FORWARD, frame, length, port);
}

/** Bytes of the customer's frame beyond those that `forward` counts. */
export function addBytes(subnet: u32, bytes: u32): void {
  const block = counters + <usize>subnet * COUNTER_BLOCK_SIZE;
  store<u64>(block + COUNTER_BYTES, load<u64>(block + COUNTER_BYTES) + <u64>bytes);
}

/** Another copy or piece of an input that `forward` counted. */
export function forwardMore(port: u32, frame: usize, length: u32): void {
  if (isDefined(NETVIRT_LIVE) && isHeld(port, frame)) {
    if (!holdBack(frame, length)) count(0, LOST_COPY);
    return;
  }
  describe(FORWARD, frame, length, port);
}

/** Leaves a frame to the host's own stack. */
export function punt(frame: usize, length: u32): void {
  if (isDefined(NETVIRT_LIVE)) keepOffload(frame);
  count(0, PUNT);
  write(PUNT, frame, length, 0);
}

/** Sends an answer back. */
export function reply(subnet: u32, port: u32, frame: usize, length: u32): void {
  count(subnet, REPLY);
  describe(REPLY, frame, length, port);
}

/** Sends an answer to an input that is dropped all the same. */
export function replyBeside(port: u32, frame: usize, length: u32): void {
  describe(REPLY, frame, length, port);
}

/** Sends an ICMP error about an input that is dropped. */
export function sendError(subnet: u32, port: u32, frame: usize, length: u32): void {
  count(subnet, ICMP_ERROR);
  describe(ICMP_ERROR, frame, length, port);
}

/** Drops the packet for a reason of `src/abi/verdict.ts`. Subnet 0: not known. */
export function drop(subnet: u32, reason: u32): void {
  count(subnet, reason);
  write(reason, 0, 0, 0);
}

export function count(subnet: u32, verdict: u32): void {
  const counter = counters + <usize>subnet * COUNTER_BLOCK_SIZE + <usize>verdict * 8;
  store<u64>(counter, load<u64>(counter) + 1);
}

function describe(verdict: u32, frame: usize, length: u32, port: u32): void {
  if (isDefined(NETVIRT_LIVE)) describeOffload(frame);
  write(verdict, frame, length, port);
}

function write(verdict: u32, frame: usize, length: u32, port: u32): void {
  store<u64>(cursor, (<u64>frame) | ((<u64>length) << 32));
  store<u64>(cursor, (<u64>(port | (verdict << 16))) | ((<u64>input) << 32), 8);
  cursor += OUTPUT_SIZE;
}
