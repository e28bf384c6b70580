// Frames whose next hop has no MAC yet (live build). The host learns MACs, so it gets such a frame as it would leave, in a ring of its
// own, and sends it when the MAC is known, or drops it when that takes too long.

import {
  HOLD_CONSUMED,
  HOLD_FRAME,
  HOLD_GENERATION,
  HOLD_HEADER,
  HOLD_LENGTH,
  HOLD_NEXT_HOP,
  HOLD_PRODUCED,
  HOLD_SLOTS,
  HOLD_SLOT_SIZE,
} from '../../src/abi/layout';
import { VNET_SIZE } from '../../src/abi/vnet';
import { acquire32, publish32 } from '../epoch';
import { NEXT_HOP_SIZE, generation, hold, nextHops } from '../memory';
import { NextHop } from '../tables/nexthops';
import { MAC_MASK } from '../wire/ethernet';
import { describeOffload } from './offload';

let nextHop: usize = 0;

/** Where the frame goes that is made now. */
export function leavesBy(hop: NextHop): void {
  nextHop = hop.header;
}

/** A frame for the uplink that lacks its destination MAC. */
export function isHeld(port: u32, frame: usize): bool {
  return port == 0 && (load<u64>(frame) & MAC_MASK) == 0;
}

/** False: there is no room for it. */
export function holdBack(frame: usize, length: u32): bool {
  const produced = load<u32>(hold + HOLD_PRODUCED);
  if (produced - acquire32(hold + HOLD_CONSUMED) == <u32>HOLD_SLOTS) return false;
  if (length > <u32>(HOLD_SLOT_SIZE - HOLD_FRAME)) return false;
  const slot = hold + HOLD_HEADER + <usize>(produced % <u32>HOLD_SLOTS) * HOLD_SLOT_SIZE;
  describeOffload(frame);
  store<u32>(slot, length, HOLD_LENGTH);
  store<u32>(slot, <u32>((nextHop - nextHops) / NEXT_HOP_SIZE), HOLD_NEXT_HOP);
  store<u32>(slot, <u32>generation, HOLD_GENERATION);
  memory.copy(slot + HOLD_FRAME - VNET_SIZE, frame - VNET_SIZE, <usize>length + VNET_SIZE);
  publish32(hold + HOLD_PRODUCED, produced + 1);
  return true;
}
