// The outputs of a batch, put together by the port that they leave through, as `sendmmsg` wants them.

import {
  OUTPUT_ADDRESS,
  OUTPUT_LENGTH,
  OUTPUT_PORT,
  OUTPUT_SIZE,
  OUTPUT_VERDICT,
} from '../../src/abi/layout';
import {
  AREA_TOUCHED,
  AREA_TOUCHED_COUNT,
  LANE_BYTES,
  LANE_COUNT,
  LANE_FIRST,
  LANE_VNET,
} from '../../src/abi/live';
import { FIRST_DROP, PUNT } from '../../src/abi/verdict';
import { outputs } from '../memory';
import { area, base, lane, laneOf, vector } from './area';

/**
 * Collects the frames of `count` output descriptors from `first` on, at most MOST_MESSAGES of them. What is left to the host's stack
 * (PUNT) is there already: the kernel only showed it.
 */
export function collect(first: u32, count: u32): void {
  const start = outputs + <usize>first * OUTPUT_SIZE;
  const end = start + <usize>count * OUTPUT_SIZE;
  forget();
  let touched: u32 = 0;
  for (let output = start; output < end; output += OUTPUT_SIZE) {
    if (!leaves(output)) continue;
    const number = laneOf(load<u16>(output, OUTPUT_PORT));
    const at = lane(number);
    const before = load<u32>(at, LANE_COUNT);
    if (before == 0) {
      store<u32>(area + AREA_TOUCHED + <usize>touched * 4, number);
      touched++;
    }
    store<u32>(at, before + 1, LANE_COUNT);
    store<u32>(at, load<u32>(at, LANE_BYTES) + load<u32>(output, OUTPUT_LENGTH), LANE_BYTES);
  }
  store<u32>(area, touched, AREA_TOUCHED_COUNT);
  let next: u32 = 0;
  for (let index: u32 = 0; index < touched; index++) {
    store<u32>(touchedLane(index), next, LANE_FIRST);
    next += load<u32>(touchedLane(index), LANE_COUNT);
  }
  for (let output = start; output < end; output += OUTPUT_SIZE) if (leaves(output)) fill(output);
  for (let index: u32 = 0; index < touched; index++) {
    const at = touchedLane(index);
    store<u32>(at, load<u32>(at, LANE_FIRST) - load<u32>(at, LANE_COUNT), LANE_FIRST);
  }
}

function forget(): void {
  const touched = load<u32>(area, AREA_TOUCHED_COUNT);
  for (let index: u32 = 0; index < touched; index++) {
    store<u32>(touchedLane(index), 0, LANE_COUNT);
    store<u32>(touchedLane(index), 0, LANE_BYTES);
  }
}

function touchedLane(index: u32): usize {
  return lane(load<u32>(area + AREA_TOUCHED + <usize>index * 4));
}

function leaves(output: usize): bool {
  const verdict = <u32>load<u16>(output, OUTPUT_VERDICT);
  return verdict < <u32>FIRST_DROP && verdict != PUNT;
}

/** Into the next message of its lane, LANE_FIRST being where that is. */
function fill(output: usize): void {
  const at = lane(laneOf(load<u16>(output, OUTPUT_PORT)));
  const vnet = load<u32>(at, LANE_VNET);
  const message = load<u32>(at, LANE_FIRST);
  const to = vector(message);
  store<u64>(to, base + <u64>(load<u32>(output, OUTPUT_ADDRESS) - vnet));
  store<u64>(to, <u64>(load<u32>(output, OUTPUT_LENGTH) + vnet), 8);
  store<u32>(at, message + 1, LANE_FIRST);
}
