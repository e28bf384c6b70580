// To a VM on another host: by IP Rewrite where both addresses have a provider address (W1), else in an envelope; what is
// larger than the path carries is refused or cut into pieces (T1).

import { HOST_CLAMP_MSS } from '../../src/abi/layout';
import * as events from '../../src/abi/trace';
import { hostFlags } from '../memory';
import { providerSlotOf4, recordOf4 } from '../tables/addresses4';
import { providerSlotOf6, recordOf6 } from '../tables/addresses6';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { isStill, macOf, nextHopOf } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { ETHERNET_HEADER } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { clampMss, isSyn } from './clamp';
import { drop, forward } from './emit';
import { encapsulate, fitsTunnel, overheadOf } from './encapsulate';
import { reportTooBig4, reportTooBig6 } from './errors';
import { flowOfIpv4, flowOfIpv6 } from './flow';
import { rewritePieces, sendPieces } from './fragment';
import { fitsRewritten, setOuterMacs } from './rewrite';
import { translateIpv4, translateIpv6 } from './translate';

/**
 * `vsid`: of the subnet that the packet arrives in. `source`: where the sender's provider address stands. `entry`: of
 * the destination address, whose `record` leads there; 0: it was found by MAC or route, and has no provider address.
 */
export function transmitIpv4(
  port: Port,
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  length: u32,
  shape: u64,
  source: usize,
  entry: usize,
  record: u64,
): void {
  if (entry != 0 && load<u32>(source) != 0) {
    let provider = load<u32>(providerSlotOf4(entry));
    while (!isStill(entry + 8, record)) {
      record = recordOf4(entry);
      provider = load<u32>(providerSlotOf4(entry));
    }
    if (provider != 0) {
      return sendRewritten4(port, subnet, frame, length, shape, load<u32>(source), provider, record);
    }
  }
  sendTunnelled4(port, subnet, vsid, frame, length, shape, NextHop.at(nextHopOf(record)));
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
  if (!fitsTunnel(length, hop)) {
    length = ETHERNET_HEADER + ip.totalLength;
    if (!fitsTunnel(length, hop)) {
      const most = hop.mtu - overheadOf(hop);
      if (ip.hasDontFragment) return reportTooBig4(port, subnet, frame, shape, most);
      return sendPieces(subnet, vsid, frame, most, hop);
    }
  }
  if (isSyn(packet, shape, ip.totalLength) && (hostFlags & HOST_CLAMP_MSS) != 0) {
    clampMss(packet, shape, ip.totalLength, hop.mtu - overheadOf(hop) - 40);
  }
  const flow = flowOfIpv4(packet, shape, ip.totalLength);
  encapsulate(subnet.index, vsid, frame, length, hop, ip.tos, flow, length);
}

function sendRewritten4(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  source: u32,
  destination: u32,
  record: u64,
): void {
  const ip = Ipv4.at(frame + ETHERNET_HEADER);
  const hop = NextHop.at(nextHopOf(record));
  if (!fitsRewritten(length, hop)) {
    length = ETHERNET_HEADER + ip.totalLength;
    if (!fitsRewritten(length, hop)) {
      if (ip.hasDontFragment) return reportTooBig4(port, subnet, frame, shape, hop.mtu);
      return rewritePieces(port, subnet, frame, source, destination, macOf(record), hop);
    }
  }
  trace(events.TRACE_METHOD_REWRITE4, source, destination);
  const fault = translateIpv4(port.domain, frame + ETHERNET_HEADER, shape, source, destination, true);
  if (fault != 0) return drop(subnet.index, fault);
  setOuterMacs(port, frame, macOf(record), hop);
  forward(subnet.index, 0, frame, length, length);
}

/** As `transmitIpv4`. */
export function transmitIpv6(
  port: Port,
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  length: u32,
  shape: u64,
  source: usize,
  entry: usize,
  record: u64,
): void {
  if (entry != 0 && isProvider6(source)) {
    let hasProvider = isProvider6(providerSlotOf6(entry));
    while (!isStill(entry + 24, record)) {
      record = recordOf6(entry);
      hasProvider = isProvider6(providerSlotOf6(entry));
    }
    if (hasProvider) {
      const hop = NextHop.at(nextHopOf(record));
      const provider = providerSlotOf6(entry);
      return sendRewritten6(port, subnet, frame, length, shape, source, provider, macOf(record), hop);
    }
  }
  sendTunnelled6(port, subnet, vsid, frame, length, shape, NextHop.at(nextHopOf(record)));
}

function isProvider6(slot: usize): bool {
  return (load<u64>(slot) | load<u64>(slot, 8)) != 0;
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
  if (!fitsTunnel(length, hop)) {
    length = ETHERNET_HEADER + packetLength;
    if (!fitsTunnel(length, hop)) return reportTooBig6(port, subnet, frame, shape, hop.mtu - overheadOf(hop));
  }
  if (isSyn(packet, shape, packetLength) && (hostFlags & HOST_CLAMP_MSS) != 0) {
    clampMss(packet, shape, packetLength, hop.mtu - overheadOf(hop) - 60);
  }
  const flow = flowOfIpv6(packet, shape, packetLength);
  encapsulate(subnet.index, vsid, frame, length, hop, ip.trafficClass, flow, length);
}

function sendRewritten6(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  source: usize,
  destination: usize,
  mac: u64,
  hop: NextHop,
): void {
  if (!fitsRewritten(length, hop)) {
    length = ETHERNET_HEADER + IPV6_HEADER + Ipv6.at(frame + ETHERNET_HEADER).payloadLength;
    if (!fitsRewritten(length, hop)) return reportTooBig6(port, subnet, frame, shape, hop.mtu);
  }
  trace(events.TRACE_METHOD_REWRITE6, load<u64>(source), load<u64>(source, 8));
  trace(events.TRACE_TOWARDS6, load<u64>(destination), load<u64>(destination, 8));
  const fault = translateIpv6(port.domain, frame + ETHERNET_HEADER, shape, source, destination, true);
  if (fault != 0) return drop(subnet.index, fault);
  setOuterMacs(port, frame, mac, hop);
  forward(subnet.index, 0, frame, length, length);
}
