// From the uplink: is the packet ours, and by which mechanism did it come? The order of the checks is the one of
// docs/protocol.md.

import * as events from '../../src/abi/trace';
import {
  DROP_FRAME_TRUNCATED,
  DROP_OUTER_CHECKSUM,
  DROP_OUTER_FRAGMENT,
  DROP_OUTER_MALFORMED,
  DROP_OUTER_TRUNCATED,
} from '../../src/abi/verdict';
import { isAnsweredForProvider } from '../live/proxy';
import { copyOfTo, hostProvider4, hostProvider6High, hostProvider6Low } from '../memory';
import { LOCAL, NextHop, PROTOCOL_GRE } from '../tables/nexthops';
import { Provider4, takeProvider4 } from '../tables/providers4';
import { Provider6, takeProvider6 } from '../tables/providers6';
import { nextHopOf } from '../tables/records';
import { trace } from '../trace';
import { fold, sumOf } from '../wire/checksum';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet } from '../wire/ethernet';
import { ICMP, ICMPV6 } from '../wire/icmp';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import {
  TRUNCATED,
  classifyIpv4,
  classifyIpv6,
  faultOf,
  hasBrokenChain,
  isFragment,
  protocolOf,
  shapeIpv6,
  transportOffsetOf,
} from './classify';
import { decapsulate } from './decapsulate';
import { drop, punt } from './emit';
import { isOffloaded, matchOffload4, matchOffload6 } from './offload';
import { takePathMtu4, takePathMtu6 } from './pathmtu';
import { restoreIpv4, restoreIpv6 } from './restore';

export function ingress(frame: usize, length: u32): void {
  if (length < ETHERNET_HEADER) return drop(0, DROP_FRAME_TRUNCATED);
  const etherType = Ethernet.at(frame).etherType;
  if (etherType == ETHERTYPE_IPV4) ingressIpv4(frame, length);
  else if (etherType == ETHERTYPE_IPV6) ingressIpv6(frame, length);
  else puntNotOurs(frame, length);
}

function puntNotOurs(frame: usize, length: u32): void {
  if (isDefined(NETVIRT_LIVE) && isAnsweredForProvider(frame, length)) return;
  trace(events.TRACE_NOT_OURS);
  punt(frame, length);
}

function ingressIpv4(frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const available = length - ETHERNET_HEADER;
  if (available < IPV4_HEADER) return drop(0, DROP_OUTER_TRUNCATED);
  const ip = Ipv4.at(packet);
  const headerLength = ip.headerLength;
  if (ip.version != 4 || headerLength < IPV4_HEADER) return drop(0, DROP_OUTER_MALFORMED);
  if (headerLength > available) return drop(0, DROP_OUTER_TRUNCATED);
  const dst = ip.dstAddr;
  trace(events.TRACE_OUTER4, ip.srcAddr, dst);
  if (dst == hostProvider4 && dst != 0) {
    if (ip.protocol != PROTOCOL_GRE) return ingressOwn4(frame, length);
    const isRight = ip.isChecksumRight;
    trace(events.TRACE_OUTER_CHECKSUM, isRight ? 1 : 0);
    if (!isRight) return drop(0, DROP_OUTER_CHECKSUM);
    const totalLength = ip.totalLength;
    if (totalLength < headerLength) return drop(0, DROP_OUTER_MALFORMED);
    if (totalLength > available) return drop(0, DROP_OUTER_TRUNCATED);
    if (ip.isFragment) return drop(0, DROP_OUTER_FRAGMENT);
    return decapsulate(packet + headerLength, packet + totalLength, 4, packet + 12, ip.tos);
  }
  const entry = takeProvider4(dst, copyOfTo);
  if (entry == 0 || !isLocal(Provider4.at(entry).domain, Provider4.at(entry).record)) {
    return puntNotOurs(frame, length);
  }
  const shape = classifyIpv4(packet, available);
  if (faultOf(shape) != 0) return drop(0, outerFault(faultOf(shape)));
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
    const lie = matchOffload4(packet, shape);
    if (lie != 0) return drop(0, lie);
  }
  restoreIpv4(frame, length, shape, Provider4.at(entry));
}

function ingressIpv6(frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const available = length - ETHERNET_HEADER;
  if (available < IPV6_HEADER) return drop(0, DROP_OUTER_TRUNCATED);
  const ip = Ipv6.at(packet);
  if (ip.version != 6) return drop(0, DROP_OUTER_MALFORMED);
  const high = ip.dstHigh;
  const low = ip.dstLow;
  trace(events.TRACE_OUTER6, ip.srcHigh, ip.srcLow);
  trace(events.TRACE_TOWARDS6, high, low);
  if (high == hostProvider6High && low == hostProvider6Low && (high | low) != 0) {
    const packetLength = IPV6_HEADER + ip.payloadLength;
    const shape = shapeIpv6(packet, min(packetLength, available));
    if (protocolOf(shape) != PROTOCOL_GRE) return ingressOwn6(frame, length);
    if (packetLength > available) return drop(0, DROP_OUTER_TRUNCATED);
    if (isFragment(shape)) return drop(0, DROP_OUTER_FRAGMENT);
    return decapsulate(
      packet + transportOffsetOf(shape),
      packet + packetLength,
      6,
      packet + 8,
      ip.trafficClass,
    );
  }
  const entry = takeProvider6(high, low, copyOfTo);
  if (entry == 0 || !isLocal(Provider6.at(entry).domain, Provider6.at(entry).record)) {
    return puntNotOurs(frame, length);
  }
  const shape = classifyIpv6(packet, available);
  if (faultOf(shape) != 0) return drop(0, outerFault(faultOf(shape)));
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) {
    const lie = matchOffload6(packet, shape);
    if (lie != 0) return drop(0, lie);
  }
  restoreIpv6(frame, length, shape, Provider6.at(entry));
}

/** To this host's own address, and no tunnel: only what concerns the size of our envelopes is ours (T4). */
function ingressOwn4(frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const shape = classifyIpv4(packet, length - ETHERNET_HEADER);
  if (faultOf(shape) == 0 && protocolOf(shape) == ICMP && !isFragment(shape)) {
    const ip = Ipv4.at(packet);
    const isRight = fold(sumOf(packet, ip.headerLength)) == 0xffff;
    if (isRight && takePathMtu4(packet + ip.headerLength, packet + ip.totalLength)) return;
  }
  puntNotOurs(frame, length);
}

function ingressOwn6(frame: usize, length: u32): void {
  const packet = frame + ETHERNET_HEADER;
  const shape = classifyIpv6(packet, length - ETHERNET_HEADER);
  if (faultOf(shape) == 0 && protocolOf(shape) == ICMPV6 && !isFragment(shape) && !hasBrokenChain(shape)) {
    const end = packet + IPV6_HEADER + Ipv6.at(packet).payloadLength;
    if (takePathMtu6(packet, packet + transportOffsetOf(shape), end)) return;
  }
  puntNotOurs(frame, length);
}

/** A rewrite address of an endpoint on this host; a host's own address is in no domain. */
function isLocal(domain: u32, record: u64): bool {
  return domain != 0 && NextHop.at(nextHopOf(record)).family == LOCAL;
}

function outerFault(fault: u32): u32 {
  return fault == TRUNCATED ? DROP_OUTER_TRUNCATED : DROP_OUTER_MALFORMED;
}
