// What every endpoint entry ends in: where the endpoint is and how it is called on the virtual wire.

import { MAC_MASK } from '../wire/ethernet';

/** MAC 6 bytes, next hop 2 bytes, as one word: a VM that moves changes it in one store. */
export function macOf(macAndNextHop: u64): u64 {
  return macAndNextHop & MAC_MASK;
}

export function nextHopOf(macAndNextHop: u64): u32 {
  return <u32>(macAndNextHop >> 48);
}
