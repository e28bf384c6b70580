// From a VM's port to wherever the packet belongs: VLAN, source guard, destination, then local delivery, an envelope or
// IP Rewrite. The order of the checks is the one of docs/protocol.md.

import * as events from '../../src/abi/trace';
import {
  DROP_ARP_SENDER,
  DROP_FLOOD,
  DROP_FRAME_TRUNCATED,
  DROP_INNER_MALFORMED,
  DROP_INNER_TRUNCATED,
  DROP_NO_RECORD,
  DROP_REWRITE_NON_IP,
  DROP_ROUTED,
  DROP_SAME_PORT,
  DROP_SOURCE_ADDRESS,
  DROP_SOURCE_MAC,
  DROP_VLAN_TAG,
} from '../../src/abi/verdict';
import { HOST_ROUTER_MAC } from '../memory';
import { findAddress4, providerSlotOf4 } from '../tables/addresses4';
import { findAddress6, providerSlotOf6 } from '../tables/addresses6';
import { findMac, nextHopOfMac, usesRewrite } from '../tables/macs';
import { LOCAL, NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { macOf, nextHopOf } from '../tables/records';
import { trace } from '../trace';
import { ARP_LENGTH, Arp } from '../wire/arp';
import {
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  Ethernet,
  VLAN_TAG,
  removeTag,
} from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6 } from '../wire/ipv6';
import { TRUNCATED, classifyIpv4, classifyIpv6, faultOf } from './classify';
import { drop, forward } from './emit';
import { encapsulate } from './encapsulate';
import { flowOfFrame, flowOfIpv4, flowOfIpv6 } from './flow';
import { guardIpv4, guardIpv6, isArpSenderRight } from './guard';
import { rewriteIpv4, rewriteIpv6 } from './rewrite';

export function egress(index: u32, frame: usize, length: u32): void {
  const port = Port.at(index);
  trace(events.TRACE_PORT, port.vsid, port.mac);
  if (length < ETHERNET_HEADER) return drop(port.subnet, DROP_FRAME_TRUNCATED);
  while (Ethernet.at(frame).isTagged) {
    if (length < ETHERNET_HEADER + VLAN_TAG) return drop(port.subnet, DROP_FRAME_TRUNCATED);
    const tci = Ethernet.at(frame).tci;
    if ((tci & 0xfff) != 0) return drop(port.subnet, DROP_VLAN_TAG);
    trace(events.TRACE_VLAN_REMOVED, tci);
    frame = removeTag(frame);
    length -= VLAN_TAG;
  }
  const srcMac = Ethernet.at(frame).srcMac;
  trace(events.TRACE_SOURCE_MAC, srcMac, port.mac);
  if (srcMac != port.mac) return drop(port.subnet, DROP_SOURCE_MAC);
  const etherType = Ethernet.at(frame).etherType;
  if (etherType == ETHERTYPE_IPV4) egressIpv4(port, frame, length);
  else if (etherType == ETHERTYPE_IPV6) egressIpv6(port, frame, length);
  else egressOther(port, frame, length, etherType == ETHERTYPE_ARP);
}

function egressIpv4(port: Port, frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const shape = classifyIpv4(packet, length - ETHERNET_HEADER);
  if (faultOf(shape) != 0) return drop(port.subnet, innerFault(faultOf(shape)));
  const source = guardIpv4(port, packet, shape);
  if (source == 0) return drop(port.subnet, DROP_SOURCE_ADDRESS);
  const obstacle = obstacleOf(frame);
  if (obstacle != 0) return drop(port.subnet, obstacle);

  const ip = Ipv4.at(packet);
  const entry = findAddress4(port.vsid, ip.dstAddr);
  if (entry == 0) {
    trace(events.TRACE_LOOKUP_ADDRESS4, ip.dstAddr);
    return egressByMac(port, frame, length, ip.tos, flowOfIpv4(packet, shape, ip.totalLength));
  }
  const record = load<u64>(entry, 8);
  trace(events.TRACE_LOOKUP_ADDRESS4, ip.dstAddr, nextHopOf(record) + 1);
  const hop = NextHop.at(nextHopOf(record));
  if (hop.family == LOCAL) return deliver(port, frame, length, hop.port);
  if (load<u32>(source) != 0) {
    const provider = load<u32>(providerSlotOf4(entry));
    if (provider != 0)
      return rewriteIpv4(port, frame, length, shape, load<u32>(source), provider, macOf(record), hop);
  }
  encapsulate(port, frame, length, hop, ip.tos, flowOfIpv4(packet, shape, ip.totalLength));
}

function egressIpv6(port: Port, frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const shape = classifyIpv6(packet, length - ETHERNET_HEADER);
  if (faultOf(shape) != 0) return drop(port.subnet, innerFault(faultOf(shape)));
  const source = guardIpv6(port, packet);
  if (source == 0) return drop(port.subnet, DROP_SOURCE_ADDRESS);
  const obstacle = obstacleOf(frame);
  if (obstacle != 0) return drop(port.subnet, obstacle);

  const ip = Ipv6.at(packet);
  const entry = findAddress6(port.vsid, ip.dstHigh, ip.dstLow);
  const end = 40 + ip.payloadLength;
  if (entry == 0) {
    trace(events.TRACE_LOOKUP_ADDRESS6, ip.dstLow);
    return egressByMac(port, frame, length, ip.trafficClass, flowOfIpv6(packet, shape, end));
  }
  const record = load<u64>(entry, 24);
  trace(events.TRACE_LOOKUP_ADDRESS6, ip.dstLow, nextHopOf(record) + 1);
  const hop = NextHop.at(nextHopOf(record));
  if (hop.family == LOCAL) return deliver(port, frame, length, hop.port);
  const provider = providerSlotOf6(entry);
  if (isProvider6(source) && isProvider6(provider)) {
    return rewriteIpv6(port, frame, length, shape, source, provider, macOf(record), hop);
  }
  encapsulate(port, frame, length, hop, ip.trafficClass, flowOfIpv6(packet, shape, end));
}

function isProvider6(slot: usize): bool {
  return (load<u64>(slot) | load<u64>(slot, 8)) != 0;
}

/** ARP and everything else that is not IP. */
function egressOther(port: Port, frame: usize, length: u32, isArp: bool): void {
  if (isArp) {
    const packet = frame + ETHERNET_HEADER;
    if (length < ETHERNET_HEADER + ARP_LENGTH) return drop(port.subnet, DROP_INNER_TRUNCATED);
    if (!Arp.at(packet).isEthernetIpv4) return drop(port.subnet, DROP_INNER_MALFORMED);
    if (!isArpSenderRight(port, packet)) return drop(port.subnet, DROP_ARP_SENDER);
  }
  const obstacle = obstacleOf(frame);
  if (obstacle != 0) return drop(port.subnet, obstacle);
  const entry = findMac(port.vsid, Ethernet.at(frame).dstMac);
  if (entry != 0 && port.usesRewrite && usesRewrite(entry)) {
    const hop = NextHop.at(nextHopOfMac(entry));
    if (hop.family != LOCAL) return drop(port.subnet, DROP_REWRITE_NON_IP);
  }
  egressByMac(port, frame, length, 0, flowOfFrame(frame));
}

/** Where no record of an address leads: by destination MAC, local or in an envelope. */
function egressByMac(port: Port, frame: usize, length: u32, tos: u32, flow: u32): void {
  const mac = Ethernet.at(frame).dstMac;
  const entry = findMac(port.vsid, mac);
  trace(events.TRACE_LOOKUP_MAC, mac, entry == 0 ? 0 : nextHopOfMac(entry) + 1);
  if (entry == 0) return drop(port.subnet, DROP_NO_RECORD);
  const hop = NextHop.at(nextHopOfMac(entry));
  if (hop.family == LOCAL) deliver(port, frame, length, hop.port);
  else encapsulate(port, frame, length, hop, tos, flow);
}

function deliver(from: Port, frame: usize, length: u32, to: u32): void {
  trace(events.TRACE_LOCAL_PORT, to);
  if (Port.at(to) == from) return drop(from.subnet, DROP_SAME_PORT);
  forward(from.subnet, to, frame, length, length);
}

/** Destinations that are not one endpoint of this subnet. 0: none of them. */
function obstacleOf(frame: usize): u32 {
  if (Ethernet.at(frame).isGroup) return DROP_FLOOD;
  return Ethernet.at(frame).dstMac == load<u64>(HOST_ROUTER_MAC) ? DROP_ROUTED : 0;
}

/** The reason for a fault that `classify` found in a customer's packet. */
export function innerFault(fault: u32): u32 {
  return fault == TRUNCATED ? DROP_INNER_TRUNCATED : DROP_INNER_MALFORMED;
}
