// The tunnel guard (V7): a packet is taken out of an envelope only if the host that the policy names for its inner
// source owns the outer source address, and only out of the kind of tunnel that this pair of endpoints uses.

import * as events from '../../src/abi/trace';
import { routerMac } from '../memory';
import { findAddress4, mappingOf4, recordOf4, subnetOf4 } from '../tables/addresses4';
import { findAddress6, mappingOf6, recordOf6, scopeOf6, subnetOf6 } from '../tables/addresses6';
import { findMac, isForwarding, nextHopOfMac } from '../tables/macs';
import { hasProvider6 } from '../tables/mappings6';
import { NextHop } from '../tables/nexthops';
import { macOf, nextHopOf, providerOf } from '../tables/records';
import { Route, isConnected, matchIpv4, matchIpv6, nextOf4, viaOf4 } from '../tables/routes';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6, isLinkLocal6, isUnspecified6 } from '../wire/ipv6';

/** `family`, `source`: of the outer source address, and where it stands. */
export function isSourceOf4(subnet: u32, domain: u32, frame: usize, family: u32, source: usize): bool {
  const src = Ipv4.at(frame + ETHERNET_HEADER).srcAddr;
  const mac = Ethernet.at(frame).srcMac;
  const entry = findAddress4(domain, src);
  if (entry != 0) {
    const record = recordOf4(entry);
    if (mac == routerMac || (macOf(record) == mac && subnetOf4(entry) == subnet))
      return owns(nextHopOf(record), family, source);
  }
  if (mac == routerMac) return isRoutedSource4(domain, src, family, source);
  return isSourceByMac(subnet, frame, src == 0, family, source);
}

/** A gateway VM, through which a route leads to the source address, is on that host (RFC 3704 §2.2, for any of its metrics). */
function isRoutedSource4(domain: u32, src: u32, family: u32, source: usize): bool {
  const result = matchIpv4(domain, src);
  if (isConnected(result)) return false;
  for (let route = result; route != 0; route = nextOf4(route)) {
    const entry = viaOf4(domain, route);
    if (entry != 0 && owns(nextHopOf(recordOf4(entry)), family, source)) return true;
  }
  return false;
}

export function isSourceOf6(subnet: u32, domain: u32, frame: usize, family: u32, source: usize): bool {
  const ip = Ipv6.at(frame + ETHERNET_HEADER);
  const high = ip.srcHigh;
  const low = ip.srcLow;
  const mac = Ethernet.at(frame).srcMac;
  const entry = findAddress6(scopeOf6(domain, subnet, high), high, low);
  if (entry != 0) {
    const record = recordOf6(entry);
    if (mac == routerMac || (macOf(record) == mac && subnetOf6(entry) == subnet))
      return owns(nextHopOf(record), family, source);
  }
  if (mac == routerMac) return isRoutedSource6(domain, high, low, family, source);
  return isSourceByMac(subnet, frame, isUnspecified6(high, low) || isLinkLocal6(high), family, source);
}

function isRoutedSource6(domain: u32, high: u64, low: u64, family: u32, source: usize): bool {
  const result = matchIpv6(domain, high, low);
  if (isConnected(result)) return false;
  for (let index = result; index != 0; index = Route.at(index).next) {
    const route = Route.at(index);
    const entry = findAddress6(domain, route.via6High, route.via6Low);
    if (entry != 0 && owns(nextHopOf(recordOf6(entry)), family, source)) return true;
  }
  return false;
}

/** What is not IP has only its source MAC. */
export function isOtherSource(subnet: u32, frame: usize, family: u32, source: usize): bool {
  return isSourceByMac(subnet, frame, true, family, source);
}

/** `anyEndpoint`: not only forwarding endpoints may send this without an address of their own. */
function isSourceByMac(subnet: u32, frame: usize, anyEndpoint: bool, family: u32, source: usize): bool {
  const found = findMac(Subnet.at(subnet).vsid, Ethernet.at(frame).srcMac);
  if (nextHopOfMac(found) == 0) {
    trace(events.TRACE_TUNNEL_GUARD, 0, 0);
    return false;
  }
  return (anyEndpoint || isForwarding(found)) && owns(nextHopOfMac(found), family, source);
}

/** The host of a next hop has the outer source address. A local endpoint has none: it never sends from outside. */
function owns(nextHop: u32, family: u32, source: usize): bool {
  const hop = NextHop.at(nextHop);
  let isOwner: bool;
  if (family == 4) {
    const address = load<u32>(source);
    isOwner = address == hop.provider4 && address != 0 && !hop.isHere;
  } else {
    const high = load<u64>(source);
    const low = load<u64>(source, 8);
    isOwner = high == hop.provider6High && low == hop.provider6Low && (high | low) != 0 && !hop.isHere;
  }
  trace(events.TRACE_TUNNEL_GUARD, nextHop + 1, isOwner ? 1 : 0);
  return isOwner;
}

/** Both ends have a provider address of their own, and the source sent it itself: it should have come rewritten. */
export function isWrongTunnel4(subnet: u32, domain: u32, frame: usize): bool {
  const ip = Ipv4.at(frame + ETHERNET_HEADER);
  const from = findAddress4(domain, ip.srcAddr);
  if (from == 0 || providerOf(mappingOf4(from)) == 0 || subnetOf4(from) != subnet) return false;
  if (macOf(recordOf4(from)) != Ethernet.at(frame).srcMac) return false;
  const to = findAddress4(domain, ip.dstAddr);
  return to != 0 && providerOf(mappingOf4(to)) != 0;
}

export function isWrongTunnel6(subnet: u32, domain: u32, frame: usize): bool {
  const ip = Ipv6.at(frame + ETHERNET_HEADER);
  const from = findAddress6(scopeOf6(domain, subnet, ip.srcHigh), ip.srcHigh, ip.srcLow);
  if (from == 0 || !hasProvider6(mappingOf6(from)) || subnetOf6(from) != subnet) return false;
  if (macOf(recordOf6(from)) != Ethernet.at(frame).srcMac) return false;
  const to = findAddress6(scopeOf6(domain, subnet, ip.dstHigh), ip.dstHigh, ip.dstLow);
  return to != 0 && hasProvider6(mappingOf6(to));
}
