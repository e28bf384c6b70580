// From a VM's port to wherever the packet belongs: VLAN, source guard, neighbours, gateway, destination. The order of the checks
// is the one of docs/protocol.md.

import * as events from '../../src/abi/trace';
import {
  DROP_FRAME_TRUNCATED,
  DROP_INNER_MALFORMED,
  DROP_INNER_TRUNCATED,
  DROP_NO_RECORD,
  DROP_OVER_MTU,
  DROP_REWRITE_NON_IP,
  DROP_SAME_PORT,
  DROP_SOURCE_ADDRESS,
  DROP_SOURCE_MAC,
  DROP_VLAN_TAG,
} from '../../src/abi/verdict';
import { routerMac } from '../memory';
import { findAddress4, mappingOf4, recordOf4, subnetOf4 } from '../tables/addresses4';
import { findAddress6, recordOf6, scopeOf6, subnetOf6 } from '../tables/addresses6';
import { findMac, isRewriteMac, nextHopOfMac } from '../tables/macs';
import { LOCAL, NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { macOf, mappedHopOf, nextHopOf, providerOf, usesVmMac } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { subnetOfVid } from '../tables/vlans';
import { trace } from '../trace';
import {
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  Ethernet,
  VLAN_TAG,
  removeTag,
} from '../wire/ethernet';
import { ICMPV6 } from '../wire/icmp';
import { Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { isLeftToVms } from './arp';
import { TRUNCATED, classifyIpv4, classifyIpv6, faultOf, hidesTransport, protocolOf } from './classify';
import { isSyn } from './clamp';
import { isOnVlan, tagFor } from './deliver';
import { drop, forward } from './emit';
import { encapsulate, fitsTunnel } from './encapsulate';
import { flood } from './flood';
import { flowOfFrame, flowOfIpv4, flowOfIpv6 } from './flow';
import { gatewayIpv4, gatewayIpv6, gatewayOther } from './gateway';
import { guardIpv4, guardIpv6 } from './guard';
import { isForVms } from './neighbors';
import { isOffloaded, matchOffload4, matchOffload6, matchOffloadOther } from './offload';
import { fitsRewritten, setOuterMacs } from './rewrite';
import { translateIpv4 } from './translate';
import { resolve6, sendTunnelled4, sendTunnelled6, transmitIpv4, transmitIpv6 } from './transmit';

/** The virtual subnet of the frame that `removeTags` looked at. */
let taggedSubnet: u32 = 0;

export function egress(index: u32, frame: usize, length: u32): void {
  const port = Port.at(index);
  trace(events.TRACE_PORT, Subnet.at(port.subnet).vsid, port.mac);
  // Nearly every packet; small, so that it becomes part of the loop.
  if (length >= ETHERNET_HEADER && Ethernet.at(frame).etherType == ETHERTYPE_IPV4) {
    trace(events.TRACE_SOURCE_MAC, Ethernet.at(frame).srcMac, port.mac);
    if (Ethernet.at(frame).srcMac == port.mac) return egressIpv4(port, Subnet.at(port.subnet), frame, length);
    return drop(port.subnet, DROP_SOURCE_MAC);
  }
  egressAny(port, frame, length);
}

function egressAny(port: Port, frame: usize, length: u32): void {
  let subnet = Subnet.at(port.subnet);
  if (length < ETHERNET_HEADER) return drop(subnet.index, DROP_FRAME_TRUNCATED);
  if (Ethernet.at(frame).isTagged) {
    const untagged = removeTags(port, frame, length);
    if (untagged == 0) return;
    length -= <u32>(untagged - frame);
    frame = untagged;
    subnet = Subnet.at(taggedSubnet);
  }
  const srcMac = Ethernet.at(frame).srcMac;
  trace(events.TRACE_SOURCE_MAC, srcMac, port.mac);
  if (srcMac != port.mac) return drop(subnet.index, DROP_SOURCE_MAC);
  const etherType = Ethernet.at(frame).etherType;
  if (etherType == ETHERTYPE_IPV4) egressIpv4(port, subnet, frame, length);
  else if (etherType == ETHERTYPE_IPV6) egressIpv6(port, subnet, frame, length);
  else egressOther(port, subnet, frame, length, etherType == ETHERTYPE_ARP);
}

/** Removes priority tags and one tag that means a virtual subnet (N6). Returns where the frame then begins; 0: it is dropped. */
function removeTags(port: Port, frame: usize, length: u32): usize {
  taggedSubnet = port.subnet;
  while (Ethernet.at(frame).isTagged) {
    if (length < ETHERNET_HEADER + VLAN_TAG) {
      drop(taggedSubnet, DROP_FRAME_TRUNCATED);
      return 0;
    }
    const tci = Ethernet.at(frame).tci;
    const vid = tci & 0xfff;
    if (vid != 0) {
      const mapped: u32 = port.hasVlans && taggedSubnet == port.subnet ? subnetOfVid(port.index, vid) : 0;
      if (mapped == 0) {
        drop(taggedSubnet, DROP_VLAN_TAG);
        return 0;
      }
      taggedSubnet = mapped;
    }
    trace(events.TRACE_VLAN_REMOVED, tci, Subnet.at(taggedSubnet).vsid);
    frame = removeTag(frame);
    length -= VLAN_TAG;
  }
  return frame;
}

function egressIpv4(port: Port, subnet: Subnet, frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const shape = classifyIpv4(packet, length - ETHERNET_HEADER);
  if (faultOf(shape) != 0) return drop(subnet.index, innerFault(faultOf(shape)));
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
    const lie = matchOffload4(packet, shape);
    if (lie != 0) return drop(subnet.index, lie);
  }
  const source = guardIpv4(port, subnet, packet, shape);
  if (source == 0) return drop(subnet.index, DROP_SOURCE_ADDRESS);
  const ip = Ipv4.at(packet);
  if (Ethernet.at(frame).isGroup) {
    return flood(port, subnet, frame, length, ip.tos, flowOfIpv4(packet, shape, ip.totalLength));
  }
  if (Ethernet.at(frame).dstMac == routerMac) return gatewayIpv4(port, subnet, frame, length, shape, source);

  const entry = findAddress4(port.domain, ip.dstAddr);
  if (entry == 0 || subnetOf4(entry) != subnet.index) {
    trace(events.TRACE_LOOKUP_ADDRESS4, ip.dstAddr);
    return egressByMac(port, subnet, frame, length, shape, ETHERTYPE_IPV4);
  }
  const record = recordOf4(entry);
  trace(events.TRACE_LOOKUP_ADDRESS4, ip.dstAddr, nextHopOf(record) + 1);
  const hop = NextHop.at(nextHopOf(record));
  if (hop.isHere) {
    if (hop.family != LOCAL) return gatewayIpv4(port, subnet, frame, length, shape, source);
    return deliver(port, subnet, subnet.index, frame, length, hop.port);
  }
  // What is nothing special, as `transmitIpv4` would do it: two calls less are 10 % of the time.
  if (providerOf(source) == 0) {
    const isPlain = !isDefined(NETVIRT_LIVE) || !isOffloaded();
    if (!isPlain || !fitsTunnel(length, hop) || isSyn(packet, shape, ip.totalLength))
      return sendTunnelled4(port, subnet, subnet.vsid, frame, length, shape, hop);
    const flow = flowOfIpv4(packet, shape, ip.totalLength);
    return encapsulate(subnet.index, subnet.vsid, frame, length, hop, ip.tos, flow, length);
  }
  const mapping = mappingOf4(entry);
  const mapped = ASC_FEATURE_THREADS ? NextHop.at(mappedHopOf(mapping)) : hop;
  // It has moved here since.
  if (ASC_FEATURE_THREADS && mapped.isHere)
    return deliver(port, subnet, subnet.index, frame, length, mapped.port);
  if (providerOf(mapping) != 0 && fitsRewritten(length, mapped)) {
    trace(events.TRACE_METHOD_REWRITE4, providerOf(source), providerOf(mapping));
    const fault = translateIpv4(port.domain, packet, shape, providerOf(source), providerOf(mapping), true);
    if (fault != 0) return drop(subnet.index, fault);
    setOuterMacs(port, usesVmMac(source), frame, macOf(record), mapped);
    return forward(subnet.index, 0, frame, length, length);
  }
  transmitIpv4(port, subnet, subnet.vsid, frame, length, shape, source, mapping, macOf(record));
}

function egressIpv6(port: Port, subnet: Subnet, frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const shape = classifyIpv6(packet, length - ETHERNET_HEADER);
  if (faultOf(shape) != 0) return drop(subnet.index, innerFault(faultOf(shape)));
  if (hidesTransport(shape)) return drop(subnet.index, DROP_INNER_MALFORMED);
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
    const lie = matchOffload6(packet, shape);
    if (lie != 0) return drop(subnet.index, lie);
  }
  const source = guardIpv6(port, subnet, packet);
  if (source == 0) return drop(subnet.index, DROP_SOURCE_ADDRESS);
  if (protocolOf(shape) == ICMPV6 && !isForVms(port, subnet, frame, shape)) return;
  const ip = Ipv6.at(packet);
  if (Ethernet.at(frame).isGroup) {
    const flow = flowOfIpv6(packet, shape, IPV6_HEADER + ip.payloadLength);
    return flood(port, subnet, frame, length, ip.trafficClass, flow);
  }
  if (Ethernet.at(frame).dstMac == routerMac) return gatewayIpv6(port, subnet, frame, length, shape, source);

  const entry = findAddress6(scopeOf6(port.domain, subnet.index, ip.dstHigh), ip.dstHigh, ip.dstLow);
  if (entry == 0 || subnetOf6(entry) != subnet.index) {
    trace(events.TRACE_LOOKUP_ADDRESS6, ip.dstHigh, ip.dstLow);
    return egressByMac(port, subnet, frame, length, shape, ETHERTYPE_IPV6);
  }
  const record = recordOf6(entry);
  trace(events.TRACE_LOOKUP_ADDRESS6, ip.dstHigh, ip.dstLow);
  trace(events.TRACE_RECORD, nextHopOf(record) + 1);
  const hop = NextHop.at(nextHopOf(record));
  if (hop.isHere) {
    if (hop.family != LOCAL) return gatewayIpv6(port, subnet, frame, length, shape, source);
    return deliver(port, subnet, subnet.index, frame, length, hop.port);
  }
  const mapped = resolve6(source, entry, record);
  const to = NextHop.at(nextHopOf(mapped));
  if (ASC_FEATURE_THREADS && to.isHere) return deliver(port, subnet, subnet.index, frame, length, to.port);
  transmitIpv6(port, subnet, subnet.vsid, frame, length, shape, mapped);
}

/** ARP and everything else that is not IP. */
function egressOther(port: Port, subnet: Subnet, frame: usize, length: u32, isArp: bool): void {
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
    const lie = matchOffloadOther(frame, length);
    if (lie != 0) return drop(subnet.index, lie);
  }
  if (isArp && !isLeftToVms(port, subnet, frame, length)) return;
  if (Ethernet.at(frame).isGroup) return flood(port, subnet, frame, length, 0, flowOfFrame(frame));
  if (Ethernet.at(frame).dstMac == routerMac) return gatewayOther(subnet);
  const found = findMac(subnet.vsid, Ethernet.at(frame).dstMac);
  if (nextHopOfMac(found) != 0 && port.usesRewrite && isRewriteMac(found)) {
    const hop = NextHop.at(nextHopOfMac(found));
    if (!hop.isHere) return drop(subnet.index, DROP_REWRITE_NON_IP);
  }
  sendByMac(port, subnet, frame, length, 0, 0, found);
}

/** Where no record of an address leads: by destination MAC, local or in an envelope. `etherType`: 0 for what is not IP. */
function egressByMac(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  etherType: u32,
): void {
  const found = findMac(subnet.vsid, Ethernet.at(frame).dstMac);
  sendByMac(port, subnet, frame, length, shape, etherType, found);
}

/** `found`: what stands behind the destination MAC. */
function sendByMac(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  etherType: u32,
  found: u64,
): void {
  const nextHop = nextHopOfMac(found);
  trace(events.TRACE_LOOKUP_MAC, Ethernet.at(frame).dstMac, nextHop == 0 ? 0 : nextHop + 1);
  if (nextHop == 0) return drop(subnet.index, DROP_NO_RECORD);
  const hop = NextHop.at(nextHop);
  if (hop.family == LOCAL) return deliver(port, subnet, subnet.index, frame, length, hop.port);
  if (etherType == ETHERTYPE_IPV4)
    return sendTunnelled4(port, subnet, subnet.vsid, frame, length, shape, hop);
  if (etherType == ETHERTYPE_IPV6)
    return sendTunnelled6(port, subnet, subnet.vsid, frame, length, shape, hop);
  if (!fitsTunnel(length, hop)) return drop(subnet.index, DROP_OVER_MTU);
  encapsulate(subnet.index, subnet.vsid, frame, length, hop, 0, flowOfFrame(frame), length);
}

/** To a local port (V8). `to`: the subnet that the packet arrives in. */
export function deliver(from: Port, subnet: Subnet, to: u32, frame: usize, length: u32, port: u32): void {
  trace(events.TRACE_LOCAL_PORT, port);
  if (port == from.index) return drop(subnet.index, DROP_SAME_PORT);
  if (!isOnVlan(port, to)) return forward(subnet.index, port, frame, length, length);
  forward(subnet.index, port, tagFor(port, to, frame), length + VLAN_TAG, length);
}

/** The reason for a fault that `classify` found in a customer's packet. */
export function innerFault(fault: u32): u32 {
  return fault == TRUNCATED ? DROP_INNER_TRUNCATED : DROP_INNER_MALFORMED;
}
