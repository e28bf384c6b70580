// To a VM on another host: by IP Rewrite where both addresses have a provider address (W1), else in an envelope; what is
// larger than the path carries is refused or cut into pieces (T1).

import { HOST_CLAMP_MSS } from '../../src/abi/layout';
import * as events from '../../src/abi/trace';
import { hostFlags } from '../memory';
import { readMapped6 } from '../tables/addresses6';
import { hasProvider6, providerHigh, providerLow, readMapping6, usesVmMac6 } from '../tables/mappings6';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { macOf, mappedHopOf, nextHopOf, providerOf, usesVmMac } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { ETHERNET_HEADER } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { clampMss, isSyn } from './clamp';
import { rewriteDatagrams, sendDatagrams } from './datagrams';
import { drop, forward } from './emit';
import { encapsulate, fitsTunnel, overheadOf } from './encapsulate';
import { reportTooBig4, reportTooBig6 } from './errors';
import { flowOfIpv4, flowOfIpv6 } from './flow';
import { rewritePieces, sendPieces } from './fragment';
import { complete, isSuper, isTcpSuper, segmentOf, shortenTo } from './offload';
import { fitsRewritten, setOuterMacs } from './rewrite';
import { encapsulateSegments } from './segment';
import { translateIpv4, translateIpv6 } from './translate';

// What `resolve6` found for the packet: both provider addresses, and whose MAC is on it.
let sourceHigh: u64 = 0;
let sourceLow: u64 = 0;
let keepsMac6: bool = false;
let destinationHigh: u64 = 0;
let destinationLow: u64 = 0;
/** Both ends have one. */
export let isMapped6: bool = false;

/**
 * By which mechanism an IPv6 packet crosses the physical network, found once for all steps that need it. `source`: where the
 * mapping of its source stands. `entry`: of the destination address, 0: it was found by route, and has no provider
 * address. Returns the record that leads there: `record`, or a later one that goes with the provider address.
 */
export function resolve6(source: usize, entry: usize, record: u64): u64 {
  isMapped6 = false;
  if (entry == 0 || !hasProvider6(source) || !readMapping6(source)) return record;
  sourceHigh = providerHigh;
  sourceLow = providerLow;
  keepsMac6 = usesVmMac6;
  record = readMapped6(entry);
  destinationHigh = providerHigh;
  destinationLow = providerLow;
  isMapped6 = (destinationHigh | destinationLow) != 0;
  return record;
}

/**
 * `vsid`: of the subnet that the packet arrives in. `source`, `destination`: the mappings of both addresses. `mac`: the
 * destination's.
 */
export function transmitIpv4(
  port: Port,
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  length: u32,
  shape: u64,
  source: u64,
  destination: u64,
  mac: u64,
): void {
  const hop = NextHop.at(mappedHopOf(destination));
  if (providerOf(source) == 0 || providerOf(destination) == 0)
    return sendTunnelled4(port, subnet, vsid, frame, length, shape, hop);
  sendRewritten4(port, subnet, frame, length, shape, source, providerOf(destination), mac, hop);
}

/** What is judged by the size of the path (T1): the packet, of a super-segment its segments. */
function sizeOf(length: u32): u32 {
  return isDefined(NETVIRT_LIVE) ? segmentOf(length) : length;
}

export function sendTunnelled4(
  port: Port,
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  length: u32,
  shape: u64,
  hop: NextHop,
): void {
  const packet = frame + ETHERNET_HEADER;
  const ip = Ipv4.at(packet);
  if (isDefined(NETVIRT_LIVE)) complete();
  if (!fitsTunnel(length, hop)) {
    length = ETHERNET_HEADER + ip.totalLength;
    // Another worker may learn of a smaller one meanwhile.
    const most = hop.mtu - overheadOf(hop);
    trace(events.TRACE_SIZE_LIMIT, ip.totalLength + overheadOf(hop), most + overheadOf(hop));
    if (sizeOf(ip.totalLength) > most) {
      if (ip.hasDontFragment) return reportTooBig4(port, subnet, frame, shape, most);
      if (!isDefined(NETVIRT_LIVE) || !isSuper()) return sendPieces(subnet, vsid, frame, most, hop);
      if (!isTcpSuper()) return sendDatagrams(subnet, vsid, frame, most, hop);
      shortenTo(most);
    }
  }
  if (isSyn(packet, shape, ip.totalLength) && (hostFlags & HOST_CLAMP_MSS) != 0) {
    clampMss(packet, shape, ip.totalLength, hop.mtu - overheadOf(hop) - 40);
  }
  const flow = flowOfIpv4(packet, shape, ip.totalLength);
  if (isDefined(NETVIRT_LIVE) && isSuper())
    return encapsulateSegments(subnet, vsid, frame, hop, ip.tos, flow);
  encapsulate(subnet.index, vsid, frame, length, hop, ip.tos, flow, length);
}

function sendRewritten4(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  source: u64,
  destination: u32,
  mac: u64,
  hop: NextHop,
): void {
  const ip = Ipv4.at(frame + ETHERNET_HEADER);
  if (!fitsRewritten(length, hop)) {
    length = ETHERNET_HEADER + ip.totalLength;
    const most = hop.mtu;
    trace(events.TRACE_SIZE_LIMIT, ip.totalLength, most);
    if (sizeOf(ip.totalLength) > most) {
      if (ip.hasDontFragment) return reportTooBig4(port, subnet, frame, shape, most);
      if (isDefined(NETVIRT_LIVE)) complete();
      if (!isDefined(NETVIRT_LIVE) || !isSuper())
        return rewritePieces(port, subnet, frame, source, destination, mac, most, hop);
      if (!isTcpSuper()) return rewriteDatagrams(port, subnet, frame, source, destination, mac, most, hop);
      shortenTo(most);
    }
  }
  const own = providerOf(source);
  trace(events.TRACE_METHOD_REWRITE4, own, destination);
  const fault = translateIpv4(port.domain, frame + ETHERNET_HEADER, shape, own, destination, true);
  if (fault != 0) return drop(subnet.index, fault);
  setOuterMacs(port, usesVmMac(source), frame, mac, hop);
  forward(subnet.index, 0, frame, length, length);
}

/** As `transmitIpv4`, behind `resolve6`, which answered `record`. */
export function transmitIpv6(
  port: Port,
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  length: u32,
  shape: u64,
  record: u64,
): void {
  const hop = NextHop.at(nextHopOf(record));
  if (isMapped6) return sendRewritten6(port, subnet, frame, length, shape, macOf(record), hop);
  sendTunnelled6(port, subnet, vsid, frame, length, shape, hop);
}

export function sendTunnelled6(
  port: Port,
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  length: u32,
  shape: u64,
  hop: NextHop,
): void {
  const packet = frame + ETHERNET_HEADER;
  const ip = Ipv6.at(packet);
  const packetLength = IPV6_HEADER + ip.payloadLength;
  if (isDefined(NETVIRT_LIVE)) complete();
  if (!fitsTunnel(length, hop)) {
    length = ETHERNET_HEADER + packetLength;
    const most = hop.mtu - overheadOf(hop);
    trace(events.TRACE_SIZE_LIMIT, packetLength + overheadOf(hop), most + overheadOf(hop));
    if (sizeOf(packetLength) > most) return reportTooBig6(port, subnet, frame, shape, most);
  }
  if (isSyn(packet, shape, packetLength) && (hostFlags & HOST_CLAMP_MSS) != 0) {
    clampMss(packet, shape, packetLength, hop.mtu - overheadOf(hop) - 60);
  }
  const flow = flowOfIpv6(packet, shape, packetLength);
  if (isDefined(NETVIRT_LIVE) && isSuper())
    return encapsulateSegments(subnet, vsid, frame, hop, ip.trafficClass, flow);
  encapsulate(subnet.index, vsid, frame, length, hop, ip.trafficClass, flow, length);
}

function sendRewritten6(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  mac: u64,
  hop: NextHop,
): void {
  const packet = frame + ETHERNET_HEADER;
  if (!fitsRewritten(length, hop)) {
    length = ETHERNET_HEADER + IPV6_HEADER + Ipv6.at(packet).payloadLength;
    const most = hop.mtu;
    trace(events.TRACE_SIZE_LIMIT, length - ETHERNET_HEADER, most);
    if (sizeOf(length - ETHERNET_HEADER) > most) return reportTooBig6(port, subnet, frame, shape, most);
  }
  trace(events.TRACE_METHOD_REWRITE6, sourceHigh, sourceLow);
  trace(events.TRACE_TOWARDS6, destinationHigh, destinationLow);
  const fault = translateIpv6(
    port.domain,
    packet,
    shape,
    sourceHigh,
    sourceLow,
    destinationHigh,
    destinationLow,
    true,
  );
  if (fault != 0) return drop(subnet.index, fault);
  setOuterMacs(port, keepsMac6, frame, mac, hop);
  forward(subnet.index, 0, frame, length, length);
}
