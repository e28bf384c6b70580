// What every port takes of what a sender left to do, for all workers. It belongs to the interface behind the port, not to the
// policy, and so outlives generations.

import { offloads } from '../memory';

/** `port`: 0 = uplink; a number that no port can have changes nothing. `taken`: OFFLOAD_… of the layout. */
export function setOffloads(port: u32, taken: u32): void {
  if (port <= 0xffff) atomic.store<u8>(offloads + <usize>port, <u8>taken);
}

export function offloadsOf(port: u32): u32 {
  return <u32>load<u8>(offloads + <usize>port);
}
