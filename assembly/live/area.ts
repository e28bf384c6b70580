// Where an I/O thread keeps its tables: `src/abi/live.ts` has the layout, the host makes the room.

import {
  AREA_BASE,
  AREA_LANES,
  AREA_LANE_OF,
  AREA_MESSAGES,
  AREA_VECTORS,
  LANE_SIZE,
  MESSAGE_SIZE,
  MESSAGE_VECTOR,
  MESSAGE_VECTORS,
  MOST_MESSAGES,
  VECTOR_SIZE,
} from '../../src/abi/live';

export let area: usize = 0;
/** Address of this memory in the process: what the kernel is told is this plus an address here. */
export let base: u64 = 0;

/** Begins to use an area that is zero but for its AREA_BASE. */
export function openArea(address: usize): void {
  area = address;
  base = load<u64>(address, AREA_BASE);
  for (let index: u32 = 0; index < <u32>MOST_MESSAGES; index++) {
    const message = area + AREA_MESSAGES + <usize>index * MESSAGE_SIZE;
    store<u64>(message, base + <u64>vector(index), MESSAGE_VECTOR);
    store<u64>(message, 1, MESSAGE_VECTORS);
  }
}

export function vector(index: u32): usize {
  return area + AREA_VECTORS + <usize>index * VECTOR_SIZE;
}

export function laneOf(port: u32): u32 {
  return load<u16>(area + AREA_LANE_OF + <usize>port * 2);
}

export function lane(number: u32): usize {
  return area + AREA_LANES + <usize>number * LANE_SIZE;
}
