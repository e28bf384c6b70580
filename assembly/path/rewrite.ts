// IP Rewrite, leaving: both customer addresses become provider addresses, in place (W1–W9). The frame keeps its length.

import * as events from '../../src/abi/trace';
import { HOST_MAC, generation } from '../memory';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { leavesBy } from './hold';
import { trace } from '../trace';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import { segmentFrameOf } from './offload';

/** The frame fits the path to the peer as it is (T1). */
export function fitsRewritten(length: u32, hop: NextHop): bool {
  if (isDefined(NETVIRT_LIVE)) length = segmentFrameOf(length);
  trace(events.TRACE_SIZE_LIMIT, length - ETHERNET_HEADER, hop.mtu);
  return length - ETHERNET_HEADER <= hop.mtu;
}

/** The MACs of the physical network (W9). `keepsMac`: the sender's own. */
export function setOuterMacs(port: Port, keepsMac: bool, frame: usize, mac: u64, hop: NextHop): void {
  if (isDefined(NETVIRT_LIVE)) leavesBy(hop);
  const dst = hop.usesVmMac ? mac : hop.rewriteMac;
  const src = keepsMac ? port.mac : load<u64>(generation, HOST_MAC);
  Ethernet.at(frame).setMacs(dst, src);
}
