// What no dataplane can beat on this machine, in WebAssembly: read 64 bytes of every frame, store an envelope's 42 in front of it.
// The same loop in C: `netvirt_limit`.

import { SLOT_HEADROOM, SLOT_SIZE } from '../../src/abi/layout';

const OVERHEAD: usize = 42;

/** `slots`: where they begin. Returns something that depends on all that was read. */
export function limit(slots: usize, count: u32): u32 {
  const header = i64x2.splat(0);
  let all = i64x2.splat(0);
  let frame = slots + SLOT_HEADROOM;
  for (let slot: u32 = 0; slot < count; slot++) {
    all = v128.xor(all, v128.load(frame));
    all = v128.xor(all, v128.load(frame, 16));
    all = v128.xor(all, v128.load(frame, 32));
    all = v128.xor(all, v128.load(frame, 48));
    v128.store(frame - OVERHEAD, header);
    v128.store(frame - OVERHEAD, header, 16);
    v128.store(frame - 16, header);
    frame += SLOT_SIZE;
  }
  return folded(all);
}

/** Frames whose table lines are loaded before they are read, as `assembly/path/touch.ts` does it. */
const GROUP: u32 = 64;
const LINE_BITS: u8 = 6;

/**
 * The same, and for every frame a line of a table: any of the `lines`, a power of two, that begin at `table`; others for each `seed`.
 * What staging cannot go below, were a lookup nothing but the line that it reads.
 */
export function limitWithLines(slots: usize, count: u32, table: usize, lines: u32, seed: u32): u32 {
  let read: u64 = 0;
  for (let first: u32 = 0; first < count; first += GROUP) {
    const group = min(GROUP, count - first);
    for (let slot: u32 = first; slot < first + group; slot++)
      read ^= load<u64>(table + ((<usize>(mixed(seed + slot) & (lines - 1))) << LINE_BITS));
    read ^= limit(slots + <usize>first * SLOT_SIZE, group);
  }
  return <u32>(read ^ (read >>> 32));
}

/** A number that looks like any other, so that no prefetcher finds the next line. */
function mixed(slot: u32): u32 {
  const product = <u64>(slot + 1) * 0x9e37_79b9_7f4a_7c15;
  return <u32>(((product ^ (product >>> 29)) * 0xbf58_476d_1ce4_e5b9) >>> 32);
}

function folded(all: v128): u32 {
  const word = i64x2.extract_lane(all, 0) ^ i64x2.extract_lane(all, 1);
  return <u32>(word ^ (word >>> 32));
}
