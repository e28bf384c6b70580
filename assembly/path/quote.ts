// The packet that an ICMP error quotes (W6): without its translation no VM would recognise the error, and path MTU
// discovery would fail.
//
// A translation answers what it changes in the ICMP checksum, or a reason to drop in its upper half (`quoteFault`).

import * as events from '../../src/abi/trace';
import { DROP_REWRITE_QUOTE } from '../../src/abi/verdict';
import { findAddress4, providerSlotOf4 } from '../tables/addresses4';
import { findAddress6, providerSlotOf6, scopeOf6 } from '../tables/addresses6';
import { Provider4, findProvider4 } from '../tables/providers4';
import { Provider6, findProvider6 } from '../tables/providers6';
import { trace } from '../trace';
import { change32, updated } from '../wire/checksum';
import { ICMP, ICMP_HEADER } from '../wire/icmp';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import {
  hasBrokenChain,
  hasSegmentsLeft,
  isLaterFragment,
  protocolOf,
  shapeIpv4,
  shapeIpv6,
  transportOffsetOf,
} from './classify';
import { updateTransport } from './transport';
import { setDestination6, setSource6 } from './translate';

const FAULT: u64 = (<u64>DROP_REWRITE_QUOTE) << 56;

export function quoteFault(translated: u64): u32 {
  return <u32>(translated >> 56);
}

export function translateQuote4(domain: u32, icmp: usize, end: usize, leaving: bool): u64 {
  const quote = icmp + ICMP_HEADER;
  if (quote + IPV4_HEADER > end) return 0;
  const ip = Ipv4.at(quote);
  if (ip.version != 4 || ip.headerLength < IPV4_HEADER || quote + ip.headerLength > end) return 0;
  trace(events.TRACE_QUOTE, ICMP_HEADER);
  const src = counterpart4(domain, ip.srcAddr, leaving);
  const dst = counterpart4(domain, ip.dstAddr, leaving);
  if (((src | dst) & FAULT) != 0) return FAULT;

  const addresses = change32(ip.srcAddr, <u32>src) + change32(ip.dstAddr, <u32>dst);
  const before = <u32>ip.checksum;
  const after = updated(before, addresses);
  ip.checksum = <u16>after;
  ip.srcAddr = <u32>src;
  ip.dstAddr = <u32>dst;
  const change = addresses + <u64>(~before & 0xffff) + <u64>after;
  const shape = shapeIpv4(quote);
  const protocol = protocolOf(shape);
  if (isLaterFragment(shape) || protocol == ICMP) return change;
  return change + updateTransport(quote + transportOffsetOf(shape), end, protocol, 4, addresses);
}

/** The other address of a quoted one, itself if there is none; FAULT where the way back would not lead here. */
function counterpart4(domain: u32, address: u32, leaving: bool): u64 {
  const provider = findProvider4(address);
  const isProvider = provider != 0 && Provider4.at(provider).domain == domain;
  if (!leaving) return isProvider ? Provider4.at(provider).customer : address;
  const entry = findAddress4(domain, address);
  const counterpart: u32 = entry == 0 ? 0 : load<u32>(providerSlotOf4(entry));
  if (counterpart != 0) return counterpart;
  return isProvider ? FAULT : address;
}

export function translateQuote6(domain: u32, icmp: usize, end: usize, leaving: bool): u64 {
  const quote = icmp + ICMP_HEADER;
  if (quote + IPV6_HEADER > end) return 0;
  const ip = Ipv6.at(quote);
  if (ip.version != 6) return 0;
  trace(events.TRACE_QUOTE, ICMP_HEADER);
  const src = counterpart6(domain, quote + 8, leaving);
  const dst = counterpart6(domain, quote + 24, leaving);
  if (src == 0 || dst == 0) return FAULT;

  const available = min(<u32>(end - quote), IPV6_HEADER + ip.payloadLength);
  const srcChange = setSource6(ip, src);
  const dstChange = setDestination6(ip, dst);
  const shape = shapeIpv6(quote, available);
  if (isLaterFragment(shape) || hasBrokenChain(shape)) return srcChange + dstChange;
  const covered = hasSegmentsLeft(shape) ? srcChange : srcChange + dstChange;
  const transport = updateTransport(quote + transportOffsetOf(shape), end, protocolOf(shape), 6, covered);
  return srcChange + dstChange + transport;
}

/** Where the other address of a quoted one stands, itself if there is none; 0 where the way back would not lead here. */
function counterpart6(domain: u32, address: usize, leaving: bool): usize {
  const high = load<u64>(address);
  const low = load<u64>(address, 8);
  const provider = findProvider6(high, low);
  const isProvider = provider != 0 && Provider6.at(provider).domain == domain;
  if (!leaving) return isProvider ? Provider6.at(provider).customerSlot : address;
  const entry = findAddress6(scopeOf6(domain, 0, high), high, low);
  if (entry != 0) {
    const slot = providerSlotOf6(entry);
    if ((load<u64>(slot) | load<u64>(slot, 8)) != 0) return slot;
  }
  return isProvider ? 0 : address;
}
