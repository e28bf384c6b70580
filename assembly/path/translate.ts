// New addresses for a packet, and everything that depends on them: checksums through the pseudo-header, and in ICMP
// errors the packet that is quoted (W2–W6). Each function answers 0, or the reason to drop.
//
// `leaving`: customer to provider addresses; otherwise back.

import * as events from '../../src/abi/trace';
import { DROP_REWRITE_AH, DROP_REWRITE_HEADERS } from '../../src/abi/verdict';
import { trace } from '../trace';
import { change32, change64, updated } from '../wire/checksum';
import { ICMP, ICMPV6, isIcmpError, isIcmpv6Error } from '../wire/icmp';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6 } from '../wire/ipv6';
import {
  hasBrokenChain,
  hasSegmentsLeft,
  isAuthenticated,
  isLaterFragment,
  protocolOf,
  transportOffsetOf,
} from './classify';
import { quoteFault, translateQuote4, translateQuote6 } from './quote';
import { updateTransport } from './transport';

export function translateIpv4(
  domain: u32,
  packet: usize,
  shape: u64,
  src: u32,
  dst: u32,
  leaving: bool,
): u32 {
  if (isAuthenticated(shape)) return DROP_REWRITE_AH;
  const ip = Ipv4.at(packet);
  const change = change32(ip.srcAddr, src) + change32(ip.dstAddr, dst);
  const before = ip.checksum;
  ip.checksum = <u16>updated(before, change);
  ip.srcAddr = src;
  ip.dstAddr = dst;
  trace(events.TRACE_IP_CHECKSUM, bswap<u16>(before), bswap<u16>(ip.checksum));
  if (isLaterFragment(shape)) return 0;
  const transport = packet + transportOffsetOf(shape);
  const end = packet + ip.totalLength;
  const protocol = protocolOf(shape);
  if (protocol == ICMP) {
    if (!isIcmpError(transport, end)) return 0;
    const quoted = translateQuote4(domain, transport, end, leaving);
    if (quoteFault(quoted) != 0) return quoteFault(quoted);
    updateTransport(transport, end, ICMP, 4, quoted);
    return 0;
  }
  updateTransport(transport, end, protocol, 4, change);
  return 0;
}

export function translateIpv6(
  domain: u32,
  packet: usize,
  shape: u64,
  srcHigh: u64,
  srcLow: u64,
  dstHigh: u64,
  dstLow: u64,
  leaving: bool,
): u32 {
  if (isAuthenticated(shape)) return DROP_REWRITE_AH;
  if (hasBrokenChain(shape)) return DROP_REWRITE_HEADERS;
  const ip = Ipv6.at(packet);
  const end = packet + 40 + ip.payloadLength;
  let change = setSource6(ip, srcHigh, srcLow);
  const dstChange = setDestination6(ip, dstHigh, dstLow);
  // The pseudo-header holds the final destination, which stands in the routing header (RFC 8200 §8.1).
  if (!hasSegmentsLeft(shape)) change += dstChange;
  if (isLaterFragment(shape)) return 0;
  const transport = packet + transportOffsetOf(shape);
  const protocol = protocolOf(shape);
  if (protocol == ICMPV6 && isIcmpv6Error(transport, end)) {
    const quoted = translateQuote6(domain, transport, end, leaving);
    if (quoteFault(quoted) != 0) return quoteFault(quoted);
    change += quoted;
  }
  updateTransport(transport, end, protocol, 6, change);
  return 0;
}

/** Returns what it changes in a checksum. */
export function setSource6(ip: Ipv6, high: u64, low: u64): u64 {
  const change = change64(ip.srcHigh, high) + change64(ip.srcLow, low);
  ip.srcHigh = high;
  ip.srcLow = low;
  return change;
}

/** Returns what it changes in a checksum. */
export function setDestination6(ip: Ipv6, high: u64, low: u64): u64 {
  const change = change64(ip.dstHigh, high) + change64(ip.dstLow, low);
  ip.dstHigh = high;
  ip.dstLow = low;
  return change;
}
