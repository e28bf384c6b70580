// The tunnel guard (V7): a packet is taken out of an envelope only if the host that the policy names for its inner
// source owns the outer source address, and only out of the kind of tunnel that this pair of endpoints uses.

import * as events from '../../src/abi/trace';
import { findAddress4, providerSlotOf4 } from '../tables/addresses4';
import { findAddress6, providerSlotOf6 } from '../tables/addresses6';
import { findMac, isForwarding, nextHopOfMac } from '../tables/macs';
import { NextHop } from '../tables/nexthops';
import { macOf, nextHopOf } from '../tables/records';
import { trace } from '../trace';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6, isLinkLocal6, isUnspecified6 } from '../wire/ipv6';

/** The inner source is an endpoint's own address, sent with its MAC. */
export function isSourceOf4(vsid: u32, frame: usize, family: u32, source: usize): bool {
  const src = Ipv4.at(frame + ETHERNET_HEADER).srcAddr;
  const entry = findAddress4(vsid, src);
  if (entry != 0) {
    const record = load<u64>(entry, 8);
    if (macOf(record) == Ethernet.at(frame).srcMac) return owns(nextHopOf(record), family, source);
  }
  return isSourceByMac(vsid, frame, src == 0, family, source);
}

export function isSourceOf6(vsid: u32, frame: usize, family: u32, source: usize): bool {
  const ip = Ipv6.at(frame + ETHERNET_HEADER);
  const high = ip.srcHigh;
  const low = ip.srcLow;
  const entry = findAddress6(vsid, high, low);
  if (entry != 0) {
    const record = load<u64>(entry, 24);
    if (macOf(record) == Ethernet.at(frame).srcMac) return owns(nextHopOf(record), family, source);
  }
  return isSourceByMac(vsid, frame, isUnspecified6(high, low) || isLinkLocal6(high), family, source);
}

/** What is not IP has only its source MAC. */
export function isOtherSource(vsid: u32, frame: usize, family: u32, source: usize): bool {
  return isSourceByMac(vsid, frame, true, family, source);
}

/** `anyEndpoint`: not only forwarding endpoints may send this without an address of their own. */
function isSourceByMac(vsid: u32, frame: usize, anyEndpoint: bool, family: u32, source: usize): bool {
  const entry = findMac(vsid, Ethernet.at(frame).srcMac);
  if (entry == 0) {
    trace(events.TRACE_TUNNEL_GUARD, 0, 0);
    return false;
  }
  return (anyEndpoint || isForwarding(entry)) && owns(nextHopOfMac(entry), family, source);
}

/** The host of a next hop has the outer source address. A local endpoint has none: it never sends from outside. */
function owns(nextHop: u32, family: u32, source: usize): bool {
  const hop = NextHop.at(nextHop);
  let isOwner: bool;
  if (family == 4) {
    const address = load<u32>(source);
    isOwner = address == hop.provider4 && address != 0;
  } else {
    const high = load<u64>(source);
    const low = load<u64>(source, 8);
    isOwner = high == hop.provider6High && low == hop.provider6Low && (high | low) != 0;
  }
  trace(events.TRACE_TUNNEL_GUARD, nextHop + 1, isOwner ? 1 : 0);
  return isOwner;
}

/** Both ends have a provider address of their own: the packet should have come rewritten. */
export function isWrongTunnel4(vsid: u32, packet: usize): bool {
  const ip = Ipv4.at(packet);
  return hasProvider4(vsid, ip.srcAddr) && hasProvider4(vsid, ip.dstAddr);
}

function hasProvider4(vsid: u32, address: u32): bool {
  const entry = findAddress4(vsid, address);
  return entry != 0 && load<u32>(providerSlotOf4(entry)) != 0;
}

export function isWrongTunnel6(vsid: u32, packet: usize): bool {
  const ip = Ipv6.at(packet);
  return hasProvider6(vsid, ip.srcHigh, ip.srcLow) && hasProvider6(vsid, ip.dstHigh, ip.dstLow);
}

function hasProvider6(vsid: u32, high: u64, low: u64): bool {
  const entry = findAddress6(vsid, high, low);
  if (entry == 0) return false;
  const provider = providerSlotOf6(entry);
  return (load<u64>(provider) | load<u64>(provider, 8)) != 0;
}
