// IP Rewrite, leaving: both customer addresses become provider addresses, in place (W1–W9). The frame keeps its length.

import * as events from '../../src/abi/trace';
import { DROP_OVER_MTU } from '../../src/abi/verdict';
import { HOST_MAC } from '../memory';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { trace } from '../trace';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import { drop, forward } from './emit';
import { translateIpv4, translateIpv6 } from './translate';

/** `source`, `destination`: the provider addresses; `mac`: of the destination VM. */
export function rewriteIpv4(
  port: Port,
  frame: usize,
  length: u32,
  shape: u64,
  source: u32,
  destination: u32,
  mac: u64,
  hop: NextHop,
): void {
  trace(events.TRACE_METHOD_REWRITE4, source, destination);
  if (isTooLong(length, hop)) return drop(port.subnet, DROP_OVER_MTU);
  const packet = frame + ETHERNET_HEADER;
  const fault = translateIpv4(port.vsid, packet, shape, source, destination, true);
  if (fault != 0) return drop(port.subnet, fault);
  send(port, frame, length, mac, hop);
}

/** `source`, `destination`: where the provider addresses stand; `mac`: of the destination VM. */
export function rewriteIpv6(
  port: Port,
  frame: usize,
  length: u32,
  shape: u64,
  source: usize,
  destination: usize,
  mac: u64,
  hop: NextHop,
): void {
  trace(events.TRACE_METHOD_REWRITE6, load<u64>(source, 8), load<u64>(destination, 8));
  if (isTooLong(length, hop)) return drop(port.subnet, DROP_OVER_MTU);
  const packet = frame + ETHERNET_HEADER;
  const fault = translateIpv6(port.vsid, packet, shape, source, destination, true);
  if (fault != 0) return drop(port.subnet, fault);
  send(port, frame, length, mac, hop);
}

function isTooLong(length: u32, hop: NextHop): bool {
  trace(events.TRACE_SIZE_LIMIT, length - ETHERNET_HEADER, hop.mtu);
  return length - ETHERNET_HEADER > hop.mtu;
}

function send(port: Port, frame: usize, length: u32, mac: u64, hop: NextHop): void {
  const dst = hop.usesVmMac ? mac : hop.rewriteMac;
  const src = port.usesVmMac ? port.mac : load<u64>(HOST_MAC);
  Ethernet.at(frame).setMacs(dst, src);
  forward(port.subnet, 0, frame, length, length);
}
