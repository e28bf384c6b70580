// Out of the envelope: GRE, virtual subnet, inner frame, tunnel guard (V7), destination port, ECN.

import * as events from '../../src/abi/trace';
import { HOST_ANY_DRAFT00, HOST_DRAFT00 } from '../../src/abi/layout';
import {
  DROP_ECN_CE,
  DROP_FLOOD,
  DROP_GRE_FLAGS,
  DROP_GRE_NO_KEY,
  DROP_GRE_PROTOCOL,
  DROP_GRE_VERSION,
  DROP_INNER_TRUNCATED,
  DROP_NO_LOCAL_PORT,
  DROP_OUTER_TRUNCATED,
  DROP_TUNNEL_SOURCE,
  DROP_TUNNEL_TYPE,
  DROP_VLAN_TAG,
  DROP_VSID_ALL_ONES,
  DROP_VSID_RESERVED,
  DROP_VSID_UNKNOWN,
} from '../../src/abi/verdict';
import { hostFlags } from '../memory';
import { domainOfMac, findMac, nextHopOfMac, subnetOfMac } from '../tables/macs';
import { LOCAL, NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { findProvider4, Provider4 } from '../tables/providers4';
import { findProvider6, Provider6 } from '../tables/providers6';
import { nextHopOf } from '../tables/records';
import { Subnet, findSubnet } from '../tables/subnets';
import { trace } from '../trace';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet, VLAN_TAG } from '../wire/ethernet';
import { GRE_HEADER, Gre, NVGRE_HEADER, PROTOCOL_TYPE_ETHERNET, vsidOf } from '../wire/gre';
import { classifyIpv4, classifyIpv6, faultOf } from './classify';
import { isOnVlan, tagFor } from './deliver';
import { DROPPED, combineEcn, setIpv4Ecn, setIpv6Ecn } from './ecn';
import { innerFault } from './egress';
import { drop, forward } from './emit';
import { floodLocal } from './flood';
import { isOffloaded, matchOffload4, matchOffload6, matchOffloadOther } from './offload';
import { isOtherSource, isSourceOf4, isSourceOf6, isWrongTunnel4, isWrongTunnel6 } from './tunnelguard';

/** `gre` to `end`: what the outer IP packet carries. `source`: where the outer source address stands. */
export function decapsulate(gre: usize, end: usize, outerFamily: u32, source: usize, outerTos: u32): void {
  const length = <u32>(end - gre);
  if (end < gre + GRE_HEADER) return drop(0, DROP_OUTER_TRUNCATED);
  const header = Gre.at(gre);
  trace(events.TRACE_GRE, header.firstWord, header.keyWire);
  if (header.version != 0) return drop(0, DROP_GRE_VERSION);
  if (header.hasForbiddenFlags) return drop(0, DROP_GRE_FLAGS);
  if (header.protocolType != PROTOCOL_TYPE_ETHERNET) return drop(0, DROP_GRE_PROTOCOL);
  if (!header.hasKey) return drop(0, DROP_GRE_NO_KEY);
  if (length < NVGRE_HEADER) return drop(0, DROP_OUTER_TRUNCATED);
  const isDraft00 =
    (hostFlags & (HOST_DRAFT00 | HOST_ANY_DRAFT00)) != 0 && isFromDraft00(outerFamily, source);
  const vsid = vsidOf(header.keyWire, isDraft00);
  openFrame(vsid, gre + NVGRE_HEADER, length - NVGRE_HEADER, outerFamily, source, outerTos);
}

/** The key has the draft-00 layout: this host or the sending one does not know another (N10). */
function isFromDraft00(family: u32, source: usize): bool {
  if ((hostFlags & HOST_DRAFT00) != 0) return true;
  if (family == 4) {
    const entry = findProvider4(load<u32>(source));
    return entry != 0 && NextHop.at(nextHopOf(Provider4.at(entry).record)).hasDraft00Key;
  }
  const entry = findProvider6(load<u64>(source), load<u64>(source, 8));
  return entry != 0 && NextHop.at(nextHopOf(Provider6.at(entry).record)).hasDraft00Key;
}

function openFrame(
  vsid: u32,
  frame: usize,
  length: u32,
  outerFamily: u32,
  source: usize,
  outerTos: u32,
): void {
  // A local port found by (VSID, MAC) tells the subnet: the lookup of the VSID is left to the other cases.
  const found = findMac(vsid, Ethernet.at(frame).dstMac);
  const nextHop = nextHopOfMac(found);
  const isHere = nextHop != 0 && NextHop.at(nextHop).family == LOCAL;
  let subnet = subnetOfMac(found);
  let domain = domainOfMac(found);
  if (nextHop == 0) {
    subnet = findSubnet(vsid);
    domain = Subnet.at(subnet).domain;
  }
  trace(events.TRACE_VSID, vsid, subnet);
  if (subnet == 0) return drop(0, unknownVsid(vsid));
  if (length < ETHERNET_HEADER) return drop(subnet, DROP_INNER_TRUNCATED);
  if (Ethernet.at(frame).isTagged) return drop(subnet, DROP_VLAN_TAG);

  const port: u32 = isHere ? NextHop.at(nextHop).port : 0;
  const toRewrite = isHere && Port.at(port).usesRewrite;
  const fault = checkInner(subnet, domain, frame, length, outerFamily, source, toRewrite);
  if (fault != 0) return drop(subnet, fault);
  trace(events.TRACE_LOOKUP_MAC, Ethernet.at(frame).dstMac, isHere ? nextHop + 1 : 0);
  if (!isHere) return openForMany(subnet, frame, length, outerTos);
  if (!takeEcn(frame, outerTos)) return drop(subnet, DROP_ECN_CE);
  if (!isOnVlan(port, subnet)) return forward(subnet, port, frame, length, length);
  forward(subnet, port, tagFor(port, subnet, frame), length + VLAN_TAG, length);
}

/** Its destination MAC is no local port's: a group's (V5), or nobody's here. */
function openForMany(index: u32, frame: usize, length: u32, outerTos: u32): void {
  const subnet = Subnet.at(index);
  if (!Ethernet.at(frame).isGroup) return drop(index, DROP_NO_LOCAL_PORT);
  if (!subnet.floods) return drop(index, DROP_FLOOD);
  if (!takeEcn(frame, outerTos)) return drop(index, DROP_ECN_CE);
  floodLocal(subnet, frame, length);
}

function unknownVsid(vsid: u32): u32 {
  const id = bswap<u32>(vsid) >> 8;
  if (id < 0x1000) return DROP_VSID_RESERVED;
  return id == 0xff_ffff ? DROP_VSID_ALL_ONES : DROP_VSID_UNKNOWN;
}

/** Lengths of the inner packet, then the tunnel guard. 0, or the reason to drop. `toRewrite`: to an endpoint that uses it. */
function checkInner(
  subnet: u32,
  domain: u32,
  frame: usize,
  length: u32,
  outerFamily: u32,
  source: usize,
  toRewrite: bool,
): u32 {
  const etherType = Ethernet.at(frame).etherType;
  const packet = frame + ETHERNET_HEADER;
  if (etherType == ETHERTYPE_IPV4) {
    const shape = classifyIpv4(packet, length - ETHERNET_HEADER);
    if (faultOf(shape) != 0) return innerFault(faultOf(shape));
    if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
      const lie = matchOffload4(packet, shape);
      if (lie != 0) return lie;
    }
    if (!isSourceOf4(subnet, domain, frame, outerFamily, source)) return DROP_TUNNEL_SOURCE;
    return toRewrite && isWrongTunnel4(subnet, domain, frame) ? DROP_TUNNEL_TYPE : 0;
  }
  if (etherType == ETHERTYPE_IPV6) {
    const shape = classifyIpv6(packet, length - ETHERNET_HEADER);
    if (faultOf(shape) != 0) return innerFault(faultOf(shape));
    if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
      const lie = matchOffload6(packet, shape);
      if (lie != 0) return lie;
    }
    if (!isSourceOf6(subnet, domain, frame, outerFamily, source)) return DROP_TUNNEL_SOURCE;
    return toRewrite && isWrongTunnel6(subnet, domain, frame) ? DROP_TUNNEL_TYPE : 0;
  }
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
    const lie = matchOffloadOther(frame, length);
    if (lie != 0) return lie;
  }
  return isOtherSource(subnet, frame, outerFamily, source) ? 0 : DROP_TUNNEL_SOURCE;
}

/** Brings the outer congestion mark into the inner packet. False: the packet must be dropped (RFC 6040 §4.2). */
function takeEcn(frame: usize, outerTos: u32): bool {
  const packet = frame + ETHERNET_HEADER;
  const etherType = Ethernet.at(frame).etherType;
  const isIpv4 = etherType == ETHERTYPE_IPV4;
  if (!isIpv4 && etherType != ETHERTYPE_IPV6) return true;
  const inner = isIpv4 ? (<u32>load<u8>(packet, 1)) & 3 : ((<u32>load<u8>(packet, 1)) >> 4) & 3;
  const outer = outerTos & 3;
  trace(events.TRACE_ECN, inner, outer);
  if (inner == outer) return true;
  const combined = combineEcn(inner, outer);
  if (combined == DROPPED) return false;
  if (combined == inner) return true;
  if (isIpv4) setIpv4Ecn(packet, combined);
  else setIpv6Ecn(packet, combined);
  return true;
}
